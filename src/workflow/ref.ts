import type { Type } from '@nestjs/common';
import type { WorkflowNode } from './workflow-node.js';

declare const VALUE: unique symbol;

/** Where a ref's value comes from. */
export type RefSource =
  | { readonly kind: 'event'; readonly property: string }
  | { readonly kind: 'node'; readonly key: string; readonly node: Type<WorkflowNode> };

/**
 * Stands for a value that exists only while a workflow runs: a part of the request, or the output of a node. A ref is made
 * by the node it stands for, so a cycle cannot be written down.
 */
export class Ref<out T> {
  /** Holds the type for the compiler; no such property exists. */
  declare readonly [VALUE]: T;

  /** @param owner the flow in which the value exists: refs of another workflow have no value here */
  constructor(
    readonly owner: object,
    readonly source: RefSource,
  ) {}
}

/** The type of the value that a ref stands for. */
export type RefValue<R> = R extends Ref<infer T> ? T : never;

/** The request as refs, property by property: what `define` is given. Optional properties may be undefined in a run. */
export type Wiring<Event> = { readonly [K in keyof Event]-?: Ref<Event[K]> };

/** A node's input, each property either a ref to a value of its type or a constant. */
export type Wired<Input> = { readonly [K in keyof Input]: Input[K] | Ref<Input[K]> };
