import type { StandardSchema } from './standard-schema.js';

/** A class with class-validator decorators: a model's structured output becomes an instance of it. */
export type OutputClass<T = object> = new () => T;

/** Describes a structured output: a class with class-validator decorators, or a Standard Schema. */
export type OutputType<T = object> = OutputClass<T> | StandardSchema<T>;
