import type { Conversation } from './agents/agent.js';
import type { RunRequest } from './run-request.js';
import type { Ref, Refs, RefValue, Wired } from './ref.js';

/** The class of a workflow: `define` wires its steps and returns the ref to its result. */
export interface WorkflowLike {
  /**
   * Called once at start-up; it must not depend on anything that changes.
   * @returns the ref to the workflow's result, which is sent to the client if no step is visible
   */
  define(flow: never, request: never): Ref<unknown>;
}

/**
 * The request of a workflow as refs, property by property; `define` gets it.
 * @typeParam More further inputs that the workflow needs as a step of another workflow; requires `@Workflow({ onlyAsStep:
 *   true })`
 */
export type ChatRefs<More extends object = object> = Refs<RunRequest & More>;

/** The request that a workflow takes, with the values of its refs. */
export type RequestOf<W> = W extends { define(flow: never, request: infer Request): Ref<unknown> }
  ? { readonly [K in keyof Request]: RefValue<Request[K]> }
  : never;

/** The result of a workflow: the value of the ref that its `define` returns. */
export type ResultOf<W> = W extends { define(...parameters: never[]): Ref<infer Result> } ? Result : never;

/** The request of a nested workflow: `model` and `parameters` default to the parent's. */
export type NestedRequest<W> = Wired<
  Omit<RequestOf<W>, keyof RunRequest> & { readonly messages: Conversation } & Partial<
      Pick<RunRequest, 'model' | 'parameters'>
    >
>;
