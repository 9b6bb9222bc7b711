import type { AbortNotice } from '../kernel/index.js';
import type { Delta } from '../streaming/index.js';
import type { FinishReason } from './finish-reason.js';
import type { Message } from './message.js';
import type { Usage } from './usage.js';

/**
 * Request parameters by their wire names (`temperature`, `max_completion_tokens`, `response_format` …), passed on unchanged.
 * The agent decides which of the client's parameters are among them; a model reads those that it knows.
 */
export type ModelParameters = Readonly<Record<string, unknown>>;

/** One call of a language model. */
export interface ModelCall {
  /** The model's name at its provider. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly parameters: ModelParameters;
}

/** The model behind a call, according to the upstream. */
export interface ModelIdentity {
  /** The name in the completion, often more exact than the requested one. */
  readonly model?: string;
  readonly systemFingerprint?: string;
  readonly serviceTier?: string;
}

/** Another try of a call before any output has come. */
export interface CallRetry {
  /** How many tries have failed. */
  readonly attempt: number;
  /** Pause before the next one, in milliseconds. */
  readonly delayMs: number;
  /** Why the last try failed, in words from a fixed vocabulary. */
  readonly reason: string;
}

/** The surroundings of a call: its abort signal, and where it reports. */
export interface CallControls {
  /** Ends the call at once; the stream then throws its reason. */
  readonly signal: AbortNotice;
  /** Key of the step that asks, preceded by those of the enclosing steps. Absent outside of a run. */
  readonly step?: string | undefined;
  /** Takes the identity of the model; called before the first delta is yielded, and again if it changes. */
  noteIdentity(identity: ModelIdentity): void;
  /**
   * Whether the caller can wait this many milliseconds before a failed request is sent again. If not, the failure is thrown at
   * once, so that the caller can do something else.
   */
  canWait(ms: number): boolean;
  /** Takes the upstream's id of the request; called when its response begins, good or bad, if it has one. */
  noteRequestId(id: string): void;
  /** Called before a request is sent again. */
  noteRetry(retry: CallRetry): void;
  /**
   * Takes the usage known so far; the last one counts. Called as soon as the upstream reports it, so that calls that fail or
   * are aborted later are still counted.
   */
  noteUsage(usage: Usage): void;
}

/** The end of a call that was not aborted and did not fail. */
export interface ModelResult {
  readonly finishReason: FinishReason;
}

/**
 * A language model behind a chat interface: the port that every provider implements.
 *
 * The stream is pulled: the upstream is read only when the next batch is asked for. A batch holds the deltas of one read, in
 * order, as the upstream cut them. The stream returns once the upstream has given a finish reason; on any other ending it
 * throws an `UpstreamError`, or the signal's reason after an abort.
 */
export interface ChatModel {
  /** Loads modules that only calls need, so that the first call does not wait for them. Absent if there are none. */
  load?(): Promise<void>;
  /** Makes the call. The request is sent when the first batch is asked for. */
  stream(call: ModelCall, controls: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void>;
}
