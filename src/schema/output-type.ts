import type { StandardSchema } from './standard-schema.js';

/** A class with class-validator decorators: a model's structured output becomes an instance of it. */
export type OutputClass<T = object> = new () => T;

/** Describes a structured output: a class with class-validator decorators, or a Standard Schema. */
export type OutputType<T = object> = OutputClass<T> | StandardSchema<T>;

/** An {@link OutputType}; a compile error if it does not describe an object. */
export type ObjectType<T> = IsObject<T> extends true ? OutputType<T> : OutputIsNoObject<T>;

type IsObject<Output> = [Output] extends [object]
  ? [Extract<Output, NoObject>] extends [never]
    ? true
    : false
  : false;

/** Names, in a compile error, an output that a model or a person cannot give as one JSON object. */
export interface OutputIsNoObject<Output> {
  readonly outputIsNoObject: Output;
}

/** Lists, and objects for which JSON has no form of its own. */
type NoObject =
  | readonly unknown[]
  | InstanceType<StringConstructor | NumberConstructor | BooleanConstructor | DateConstructor>
  | ReadonlyMap<never, unknown>
  | ReadonlySet<unknown>;
