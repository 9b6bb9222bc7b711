import { WiringError } from './wiring-error.js';

declare const VALUE: unique symbol;

/** Where a ref's value comes from. */
type RefSource =
  | { readonly kind: 'request'; readonly property: string }
  | { readonly kind: 'step'; readonly key: string }
  | { readonly kind: 'map'; readonly from: Ref<unknown>; readonly transform: (value: never) => unknown };

/**
 * Stands for a value that exists only while a workflow runs: a part of the request, or the output of a step. Adding a step
 * returns its ref, so a cycle cannot be written.
 */
export class Ref<out T> {
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [VALUE]: T;

  /** @param owner the flow in which the value exists; refs of another workflow have no value in it */
  constructor(
    readonly owner: object,
    readonly source: RefSource,
  ) {}

  /**
   * Makes a ref to a value that is computed from this one when it is needed: `reply.map((text) => text.length)`.
   * @param transform must be quick and free of side effects: it runs each time the value is needed
   */
  map<U>(transform: (value: T) => U): Ref<U> {
    if (typeof transform !== 'function') throw new TypeError('ref.map takes a function that is given the value.');
    return new Ref<U>(this.owner, { kind: 'map', from: this, transform });
  }

  /** Makes a ref to one property of the value: `decision.get('intent')`. */
  get<K extends keyof T>(property: K): Ref<T[K]> {
    return this.map((value) => value[property]);
  }

  /** @throws WiringError always, because the value does not exist yet */
  [Symbol.toPrimitive](): never {
    return refuseAsValue();
  }

  /** @throws WiringError always, see above */
  toString(): never {
    return refuseAsValue();
  }

  /** @throws WiringError always, see above */
  toJSON(): never {
    return refuseAsValue();
  }
}

function refuseAsValue(): never {
  throw new WiringError({
    code: 'ref_as_value',
    problem:
      'a ref is used as if it were its value, in a text, as a number or as JSON; the value exists only in a run.',
    fix: 'Make the text of it with ref.map((value) => …), or wire the ref to flow.run(key, { … }, (values) => …).',
  });
}

/** The type of the value that a ref stands for. */
export type RefValue<R> = R extends Ref<infer T> ? T : never;

/** Each property of a value as a ref. The value of an optional property may be undefined in a run. */
export type Refs<T> = { readonly [K in keyof T]-?: Ref<T[K]> };

/** The input of a step: each property is a ref to a value of its type, or a constant. */
export type Wired<Input> = { readonly [K in keyof Input]: Input[K] | Ref<Input[K]> };

/**
 * Makes it a compile error to put a ref anywhere but in a property of the input: deeper ones would not be resolved. A list is
 * not an input.
 */
export type RefsAtTop<W> = W extends Ref<unknown> | readonly unknown[]
  ? { readonly notAnInput: W }
  : { readonly [K in keyof W]: [W[K]] extends [Ref<unknown>] ? W[K] : NoRefInside<W[K]> };

type NoRefInside<V> = true extends HoldsRef<V> ? { readonly refInside: V } : V;

/** Looks only a few levels deep, because types may contain themselves. The compiler of workflows checks all levels. */
type HoldsRef<V, Depth extends readonly unknown[] = []> = 0 extends 1 & V
  ? false
  : Depth['length'] extends 3
    ? false
    : V extends Ref<unknown>
      ? Depth['length'] extends 0
        ? false
        : true
      : V extends readonly (infer E)[]
        ? HoldsRef<E, readonly [...Depth, 0]>
        : V extends (...parameters: never[]) => unknown
          ? false
          : V extends object
            ? { [K in keyof V]-?: HoldsRef<V[K], readonly [...Depth, 0]> }[keyof V]
            : false;

/** The values of a step's input, with refs resolved. */
export type Unwired<W> = { readonly [K in keyof W]: W[K] extends Ref<infer T> ? T : W[K] };

/** Finds the origin of a ref behind its maps: a part of the request or the output of a step. */
export function findOrigin({ source }: Ref<unknown>): Exclude<RefSource, { kind: 'map' }> {
  return source.kind === 'map' ? findOrigin(source.from) : source;
}
