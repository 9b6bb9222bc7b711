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
}

/** The type of the value that a ref stands for. */
export type RefValue<R> = R extends Ref<infer T> ? T : never;

/** Each property of a value as a ref. Optional properties may be undefined in a run. */
export type Refs<T> = { readonly [K in keyof T]-?: Ref<T[K]> };

/** What a step is given, each property either a ref to a value of its type or a constant. */
export type Wired<Input> = { readonly [K in keyof Input]: Input[K] | Ref<Input[K]> };

/** The values behind what a step is wired to. */
export type Unwired<W> = { readonly [K in keyof W]: W[K] extends Ref<infer T> ? T : W[K] };

/** What a ref is made of in the end: a part of the request or a step's output. */
export function findOrigin({ source }: Ref<unknown>): Exclude<RefSource, { kind: 'map' }> {
  return source.kind === 'map' ? findOrigin(source.from) : source;
}
