import type { Outcome } from '../errors/index.js';
import type { JsonValue } from '../kernel/index.js';
import type { FinishReason, ModelIdentity, ModelName, Usage } from '../models/index.js';

/** About how many bytes of JSON a value of an author's code may take in an event; what is beyond is replaced by markers. */
export const MOST_CONTENT_BYTES = 1024 * 1024;

/** How bad what happened is. */
export type EventLevel = 'DEFAULT' | 'WARNING' | 'ERROR';

/** Values by their names. */
export type EventFacts = { readonly [name: string]: JsonValue };

/** What happens in a step. */
interface Within {
  /** The span, or call of a tool, in which it happens; absent: the step itself. */
  readonly within?: number;
}

/** What a model is asked. */
export interface ModelCallContent {
  readonly messages: JsonValue;
  readonly parameters: EventFacts;
}

/** A call of a model begins. `call` is a number that no other call or span of the step has. */
export interface ModelCallStarted extends Within, ModelName {
  readonly type: 'model-call-started';
  readonly call: number;
  /** Absent unless the run's readers want a trace. */
  readonly content?: ModelCallContent;
}

/** The first token of its answer is here. */
export interface ModelCallFirstToken {
  readonly type: 'model-call-first-token';
  readonly call: number;
}

/** Its request has failed before there was an answer, and is sent again. */
export interface ModelCallRetried extends ModelName {
  readonly type: 'model-call-retried';
  readonly call: number;
  /** How many tries have failed. */
  readonly attempt: number;
  /** Pause before the next one, in milliseconds. */
  readonly delayMs: number;
  /** For operators. */
  readonly reason: string;
}

/** It has ended, in whatever way. */
export interface ModelCallFinished {
  readonly type: 'model-call-finished';
  readonly call: number;
  readonly outcome: Outcome;
  /** What it failed with, for operators; absent: it came to its end. */
  readonly failure?: string;
  /** The last that the upstream has told, also of a call that failed; absent if it told none. */
  readonly usage?: Usage;
  /** Tokens that the upstream has not told, by estimate; absent if there are none, or nobody asked for it. */
  readonly untoldTokens?: number;
  /** The model's name in the answer. */
  readonly model?: string;
  /** What it has answered. Absent unless the run's readers want a trace. */
  readonly output?: JsonValue;
}

/** An agent asks the same model again with a call of its own. */
export interface AgentRetried extends Within, ModelName {
  readonly type: 'agent-retried';
  readonly attempt: number;
  /** Milliseconds. */
  readonly delayMs: number;
  /** For operators. */
  readonly reason: string;
}

/** An agent gives a model up and asks its next one. */
export interface ModelFallback extends Within {
  readonly type: 'model-fallback';
  readonly from: ModelName;
  readonly to: ModelName;
  /** For operators. */
  readonly reason: string;
}

/** A model is asked to put right an answer that does not fit. */
export interface Repair extends Within {
  readonly type: 'repair';
  readonly faults: readonly string[];
}

/** A model has said who it is. Comes before the first delta of its answer. */
export interface ModelNamed {
  readonly type: 'model-identified';
  readonly identity: ModelIdentity;
}

/** An agent has its answer. */
export interface AgentFinished {
  readonly type: 'agent-finished';
  /** Why its model stopped. */
  readonly finishReason: FinishReason;
}

/** A call of one of the server's tools begins. */
export interface ToolStarted extends Within {
  readonly type: 'tool-started';
  /** A number that no other call or span of the step has. */
  readonly span: number;
  readonly tool: string;
  /** Absent unless the run's readers want a trace. */
  readonly input?: JsonValue;
}

/** A call of a tool has ended. */
export interface ToolFinished {
  readonly type: 'tool-finished';
  readonly span: number;
  readonly level: EventLevel;
  /** Why it has no result; absent: it has. */
  readonly failure?: string;
  /** What the model is told. Absent unless the run's readers want a trace. */
  readonly output?: JsonValue;
}

/** A model has asked for tools of the server and of the client at once: the server's are not run. */
export interface ToolsNotRun extends Within {
  readonly type: 'tools-not-run';
  readonly tools: readonly string[];
}

/** An author times a part of a step. These three are told only if the run's readers want a trace. */
export interface SpanStarted extends Within {
  readonly type: 'span-started';
  /** A number that no other call or span of the step has. */
  readonly span: number;
  readonly name: string;
  readonly input?: JsonValue;
  readonly metadata?: EventFacts;
}

/** An author marks a moment. */
export interface SpanEvent extends Within {
  readonly type: 'span-event';
  readonly name: string;
  readonly level: EventLevel;
  readonly data?: EventFacts;
}

/** What an author timed has ended. The first ending counts. */
export interface SpanEnded {
  readonly type: 'span-ended';
  /** Absent: the step's own. */
  readonly span?: number;
  readonly level?: EventLevel;
  readonly statusMessage?: string;
  readonly output?: JsonValue;
  readonly metadata?: EventFacts;
}

/**
 * One thing that an agent, a tool or an author tells of the work in a step, as plain JSON. Whoever keeps account of a run reads
 * it: metrics, traces, usage. What is for operators, and all content, no door passes on.
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
