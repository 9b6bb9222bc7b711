import type { Outcome } from '../errors/index.js';
import type { JsonValue } from '../kernel/index.js';
import type { FinishReason, ModelIdentity, ModelName, Usage } from '../models/index.js';

/**
 * How many bytes of JSON a value from an author's code may take in an event, roughly; the rest is replaced by markers.
 */
export const MOST_CONTENT_BYTES = 1024 * 1024;

/** The severity of an event. */
export type EventLevel = 'DEFAULT' | 'WARNING' | 'ERROR';

/** Values by name. */
export type EventFacts = { readonly [name: string]: JsonValue };

/** An event inside a step. */
interface Within {
  /** The span or tool call in which it happens; absent: the step itself. */
  readonly within?: number;
}

/** The content of a model call. */
export interface ModelCallContent {
  readonly messages: JsonValue;
  readonly parameters: EventFacts;
}

/** A model call begins. `call` is a number that no other call or span of the step has. */
interface ModelCallStarted extends Within, ModelName {
  readonly type: 'model-call-started';
  readonly call: number;
  /** Absent unless a trace is kept. */
  readonly content?: ModelCallContent;
}

/** The first token of a model call has arrived. */
interface ModelCallFirstToken {
  readonly type: 'model-call-first-token';
  readonly call: number;
}

/** The request of a model call failed before any output came, and is sent again. */
interface ModelCallRetried extends ModelName {
  readonly type: 'model-call-retried';
  readonly call: number;
  /** How many tries have failed. */
  readonly attempt: number;
  /** Pause before the next one, in milliseconds. */
  readonly delayMs: number;
  /** For operators. */
  readonly reason: string;
}

/** A model call has ended, in any way. */
export interface ModelCallFinished {
  readonly type: 'model-call-finished';
  readonly call: number;
  readonly outcome: Outcome;
  /** Why it failed, for operators; absent if it did not fail. */
  readonly failure?: string;
  /** The last usage that the upstream reported, even if the call failed; absent if it reported none. */
  readonly usage?: Usage;
  /** Estimate of the tokens that the upstream did not report; absent if there are none or no estimate was requested. */
  readonly unreportedTokens?: number;
  /** The model's name according to the upstream. */
  readonly model?: string;
  /** The model's output. Absent unless a trace is kept. */
  readonly output?: JsonValue;
}

/** An agent asks the same model again with a new call. */
interface AgentRetried extends Within, ModelName {
  readonly type: 'agent-retried';
  readonly attempt: number;
  /** Milliseconds. */
  readonly delayMs: number;
  /** For operators. */
  readonly reason: string;
}

/** An agent gives up a model and asks its next one. */
interface ModelFallback extends Within {
  readonly type: 'model-fallback';
  readonly from: ModelName;
  readonly to: ModelName;
  /** For operators. */
  readonly reason: string;
}

/** A model is asked to correct an output that does not fit. */
interface Repair extends Within {
  readonly type: 'repair';
  readonly faults: readonly string[];
}

/** A model has named itself. Comes before the first delta of its output. */
interface ModelNamed {
  readonly type: 'model-identified';
  readonly identity: ModelIdentity;
}

/** An agent has its final output. */
interface AgentFinished {
  readonly type: 'agent-finished';
  /** Why its model stopped. */
  readonly finishReason: FinishReason;
}

/** A call of one of the server's tools begins. */
interface ToolStarted extends Within {
  readonly type: 'tool-started';
  /** A number that no other call or span of the step has. */
  readonly span: number;
  readonly tool: string;
  /** Absent unless a trace is kept. */
  readonly input?: JsonValue;
}

/** A call of a tool has ended. */
interface ToolFinished {
  readonly type: 'tool-finished';
  readonly span: number;
  readonly level: EventLevel;
  /** Why there is no result; absent if there is one. */
  readonly failure?: string;
  /** The text for the model. Absent unless a trace is kept. */
  readonly output?: JsonValue;
}

/** A model called tools of the server and of the client at once: the server's are not run. */
interface ToolsNotRun extends Within {
  readonly type: 'tools-not-run';
  readonly tools: readonly string[];
}

/** An author's span begins. This event and the next two are emitted only if a trace is kept. */
interface SpanStarted extends Within {
  readonly type: 'span-started';
  /** A number that no other call or span of the step has. */
  readonly span: number;
  readonly name: string;
  readonly input?: JsonValue;
  readonly metadata?: EventFacts;
}

/** An author marks a moment. */
interface SpanEvent extends Within {
  readonly type: 'span-event';
  readonly name: string;
  readonly level: EventLevel;
  readonly data?: EventFacts;
}

/** A span has ended. Only the first ending counts. */
interface SpanEnded {
  readonly type: 'span-ended';
  /** Absent: the step's own span. */
  readonly span?: number;
  readonly level?: EventLevel;
  readonly statusMessage?: string;
  readonly output?: JsonValue;
  readonly metadata?: EventFacts;
}

/**
 * An event that an agent, a tool or an author emits while a step runs, as plain JSON. Metrics, traces and usage are
 * made from these events. Fields for operators, and all content, never reach a client.
 */
export type AgentEvent =
  | ModelCallStarted
  | ModelCallFirstToken
  | ModelCallRetried
  | ModelCallFinished
  | AgentRetried
  | ModelFallback
  | Repair
  | ModelNamed
  | AgentFinished
  | ToolStarted
  | ToolFinished
  | ToolsNotRun
  | SpanStarted
  | SpanEvent
  | SpanEnded;
