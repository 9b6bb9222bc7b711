import { WiringError } from './wiring-error.js';

declare const VALUE: unique symbol;

/** Where a ref's value comes from. */
export type RefSource =
  | { readonly kind: 'request'; readonly property: string }
  | { readonly kind: 'step'; readonly key: string }
  | { readonly kind: 'map'; readonly from: Ref<unknown>; readonly transform: (value: never) => unknown };

/**
 * Stands for a value that exists only while a workflow runs: a part of the request, or the output of a step. A ref is made
 * by the step it stands for, so a cycle cannot be written down.
 */
export class Ref<out T> {
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [VALUE]: T;

  /** @param owner the flow in which the value exists: refs of another workflow have no value here */
  constructor(
    readonly owner: object,
    readonly source: RefSource,
  ) {}

  /**
   * A value made from this one when it is needed: `answer.map((text) => text.length)`.
   * @param transform must be quick and have no effects: it runs each time the value is asked for
   */
  map<U>(transform: (value: T) => U): Ref<U> {
    return new Ref<U>(this.owner, { kind: 'map', from: this, transform });
  }

  /** One property of the value: `decision.get('intent')`. */
  get<K extends keyof T>(property: K): Ref<T[K]> {
    return this.map((value) => value[property]);
  }

  /** @throws WiringError always: a ref in a text would be there as a ref, not as its value */
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

/** Each property of a value as a ref. Optional properties may be undefined in a run. */
export type Refs<T> = { readonly [K in keyof T]-?: Ref<T[K]> };

/** What a step is given, each property either a ref to a value of its type or a constant. */
export type Wired<Input> = { readonly [K in keyof Input]: Input[K] | Ref<Input[K]> };

/**
 * Makes a ref anywhere but as a property of the input a compile error: deeper ones would be given to the step as they are. A
 * list is no input.
 */
export type RefsAtTop<W> = W extends Ref<unknown> | readonly unknown[]
  ? { readonly notAnInput: W }
  : { readonly [K in keyof W]: [W[K]] extends [Ref<unknown>] ? W[K] : NoRefInside<W[K]> };

type NoRefInside<V> = true extends HoldsRef<V> ? { readonly refInside: V } : V;

/** Looks a few levels deep: types may contain themselves. The compiler of workflows looks at all. */
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

/** The values behind what a step is wired to. */
export type Unwired<W> = { readonly [K in keyof W]: W[K] extends Ref<infer T> ? T : W[K] };

/** What a ref is made of in the end: a part of the request or a step's output. */
export function findOrigin({ source }: Ref<unknown>): Exclude<RefSource, { kind: 'map' }> {
  return source.kind === 'map' ? findOrigin(source.from) : source;
}
