import type { Delta } from '../streaming/index.js';

/** What a streaming node yields: one delta, or several that came together. */
export type Deltas = Delta | readonly Delta[];

/** The part that every node's class must have; see `WorkflowNode` for the optional parts. */
export interface NodeLike {
  process(...parameters: never[]): unknown;
}

/** The input of a node: the declared type of the first parameter of its `process`. */
export type InputOf<N> = N extends { process(input: infer Input, ...rest: never[]): unknown } ? Input : never;

/** The output of a node: the value that its `process` returns in the end. */
export type OutputOf<N> = N extends { process(...parameters: never[]): infer Result }
  ? Result extends AsyncGenerator<unknown, infer Output, void>
    ? Output
    : Awaited<Result>
  : never;
