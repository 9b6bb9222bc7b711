import type { Conversation } from './agents/agent.js';
import type { RunRequest } from './run-request.js';
import type { Ref, Refs, RefValue, Wired } from './ref.js';

/** What the class of a workflow has: a function that wires its steps and returns the ref to its result. */
export interface WorkflowLike {
  /**
   * Called once at start-up; it must not depend on anything that changes.
   * @returns the ref to the workflow's result, which is the answer if no step is visible
   */
  define(flow: never, request: never): Ref<unknown>;
}

/**
 * The request of a workflow as refs, property by property: what `define` is given.
 * @typeParam More what the workflow is given beside a chat request where it is a step of another workflow; `@Workflow({ onlyAsStep: true })` goes with it
 */
export type ChatRefs<More extends object = object> = Refs<RunRequest & More>;

/** The request that a workflow takes: what the refs of its `define` stand for. */
export type RequestOf<W> = W extends { define(flow: never, request: infer Request): Ref<unknown> }
  ? { readonly [K in keyof Request]: RefValue<Request[K]> }
  : never;

/** The result that a workflow gives: what the ref of its `define` stands for. */
export type ResultOf<W> = W extends { define(...parameters: never[]): Ref<infer Result> } ? Result : never;

/** The request of a nested workflow: model and parameters are the parent's unless they are given. */
export type NestedRequest<W> = Wired<
  Omit<RequestOf<W>, keyof RunRequest> & { readonly messages: Conversation } & Partial<
      Pick<RunRequest, 'model' | 'parameters'>
    >
>;
