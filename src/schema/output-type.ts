import type { StandardSchema } from './standard-schema.js';

/** A class whose properties carry class-validator decorators: what a model's structured answer becomes. */
export type OutputClass<T = object> = new () => T;

/** What describes a structured answer: a class with class-validator decorators, or a Standard Schema. */
export type OutputType<T = object> = OutputClass<T> | StandardSchema<T>;
