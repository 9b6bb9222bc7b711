import type { ChatEvent } from './chat-event.js';
import type { Flow } from './flow.js';
import type { Ref, Wiring } from './ref.js';

declare const EVENT: unique symbol;
declare const OUTPUT: unique symbol;

/**
 * Base of all workflows: `class Support extends WorkflowDefinition<ChatEvent, string>` with `@Workflow({ id: 'support', … })`.
 */
export abstract class WorkflowDefinition<Event extends ChatEvent = ChatEvent, Output = unknown> {
  /** Hold the types for the compiler; no such properties exist. */
  declare readonly [EVENT]: Event;
  declare readonly [OUTPUT]: Output;

  /**
   * Wires the nodes. Called once at start-up; it must not depend on anything that changes.
   * @returns the ref to the workflow's result, which is the answer if no visible node speaks
   */
  abstract define(flow: Flow, event: Wiring<Event>): Ref<Output>;
}

/** The event that a workflow takes. */
export type EventOf<W> = W extends { readonly [EVENT]: infer Event } ? Event : never;

/** The result that a workflow gives. */
export type ResultOf<W> = W extends { readonly [OUTPUT]: infer Output } ? Output : never;
