import type { AbortNotice } from '../kernel/index.js';
import type { Delta } from '../streaming/index.js';
import type { FinishReason } from './finish-reason.js';
import type { Message } from './message.js';
import type { Usage } from './usage.js';

/**
 * Request parameters by their wire names (`temperature`, `max_completion_tokens`, `response_format` …), passed on as they
 * are. Which of the client's are in it is decided by the node's agent; a model reads those it knows.
 */
export type ModelParameters = Readonly<Record<string, unknown>>;

/** One call of a language model. */
export interface ModelCall {
  /** The model's name at its provider. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly parameters: ModelParameters;
}

/** Who answers a call, by the upstream's own words. */
export interface ModelIdentity {
  /** The name that the completion has, often more exact than the one asked for. */
  readonly model?: string;
  readonly systemFingerprint?: string;
  readonly serviceTier?: string;
}

/** Another try of a call, before anything of a completion has come. */
export interface CallRetry {
  /** How many tries have failed. */
  readonly attempt: number;
  /** Pause before the next one, in milliseconds. */
  readonly delayMs: number;
  /** Why the last one failed, in words of fixed vocabularies. */
  readonly reason: string;
}

/** What a call is given to live in. */
export interface CallControls {
  /** Ends the call at once; its reason is what the stream then throws. */
  readonly signal: AbortNotice;
  /** The step that asks: its key, inside a nested workflow behind those of the steps around it. Absent outside of a run. */
  readonly step?: string | undefined;
  /** Takes what the completion says about its author; called before the first delta is given, and again if it changes. */
  identity(identity: ModelIdentity): void;
  /**
   * Whether the caller can be kept waiting for so many milliseconds before a request that failed is sent again. If not, the
   * failure is thrown at once: the caller can do more about it than wait.
   */
  canWait(ms: number): boolean;
  /** Takes the id by which the upstream knows the request; called when its response begins, good or bad, if it names one. */
  upstreamRequestId(id: string): void;
  /** Told before a request is sent again, of whose completion nothing had come. */
  retrying(retry: CallRetry): void;
  /**
   * Takes the usage known so far; the last one counts. Called as soon as the upstream tells, so that a call that fails or
   * is aborted afterwards is still counted.
   */
  usage(usage: Usage): void;
}

/** How a call that ended by itself ended. */
export interface ModelResult {
  readonly finishReason: FinishReason;
}

/**
 * A language model behind a chat interface: the port that every provider implements.
 *
 * The stream is pulled: nothing is read from the upstream while nobody asks for the next batch. A batch holds what one
 * read brought, in order, each delta as the upstream cut it. It returns once the upstream has given a finish reason, and
 * throws an `UpstreamError` on every other ending, or the signal's reason after an abort.
 */
export interface ChatModel {
  /** Loads what calls need and a start does not, so that the first call need not wait for it. Absent: there is nothing. */
  load?(): Promise<void>;
  stream(call: ModelCall, scope: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void>;
}
