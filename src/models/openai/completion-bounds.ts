import { assertNever, countValues, findExcess } from '../../kernel/index.js';
import { type Delta, weighDelta } from '../../streaming/index.js';
import { makeCompletionTooLargeError, makeBadCompletionError, makeTooManyToolCallsError } from './upstream-errors.js';

/** How long an upstream may be silent, in milliseconds. */
interface SilenceLimits {
  /** Longest wait for the first delta, counted from the request. */
  readonly firstTokenTimeoutMs: number;
  /** Longest silence after the first delta. */
  readonly idleTimeoutMs: number;
}

/** Limits for one completion of an upstream. */
export interface CompletionLimits extends SilenceLimits {
  /** Most characters of a completion: text, reasoning, refusal, tool calls, citations, images and audio together. */
  readonly maxCompletionLength: number;
}

/** Most tool calls of one completion; also OpenAI's limit of tools in one request. */
export const MAX_TOOL_CALLS = 128;
/**
 * Memory that log probabilities may take, as a multiple of the character limit: 64 MiB by default. With 20 alternatives a
 * token takes 6 kB, so that is enough for 10,000 tokens.
 */
const LOGPROBS_FACTOR = 8;
/** Memory of one JSON value beside its text, in bytes. */
const VALUE_BYTES = 32;
/** Converts the memory of citations, images and audio to characters. */
const BYTES_PER_CHARACTER = 2;

/**
 * Most bytes of an event or of a whole completion: JSON escapes characters and holds more than the output.
 * @param maxLength most characters of the completion
 */
export function computeMaxWrittenBytes(maxLength: number): number {
  return 2 * maxLength + 64 * 1024;
}

/** Most JSON values of an event: 100,000 can take 100 ms to parse, and a longer pause would disturb other requests. */
const MOST_VALUES_OF_EVENT = 100_000;
/** Most JSON values of a whole completion, which may hold the log probabilities of thousands of tokens. */
export const MOST_VALUES_OF_WHOLE = 1_000_000;
/** Deepest nesting of an event. */
const DEEPEST = 128;
/** Shorter events, in characters, can neither be harmfully deep nor hold too many values. */
const LONG_EVENT = 4 * 1024;

/**
 * Checks JSON before it is parsed: it can take twenty times the memory of its text, and deeply nested values can be parsed
 * but not be serialized again.
 * @throws UpstreamError if it holds too many values or is nested too deeply
 */
export function assertParsable(json: string, mostValues = MOST_VALUES_OF_EVENT): void {
  if (json.length <= LONG_EVENT) return;
  const excess = findExcess(json, { values: mostValues, depth: DEEPEST });
  if (excess === 'values') throw makeBadCompletionError('it holds too many values');
  if (excess === 'depth') throw makeBadCompletionError('it is nested too deeply');
}

/** Counts the size of one completion as it arrives, so that no upstream can fill the memory. */
export class CompletionBounds {
  readonly #maxLength: number;
  #length = 0;
  #logprobsBytes = 0;
  #toolCalls = 0;

  /** @param maxLength most characters of text, reasoning, refusal, tool calls, citations, images and audio together */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Counts characters of a tool call, which may be passed on much later. {@link add} throws if they are too many. */
  count(length: number): void {
    this.#length += length;
  }

  /**
   * Counts the deltas of one event, except its tool calls. If the completion is too large, the event's deltas are removed
   * again.
   * @param from index of the first delta of the event
   * @param json the event's data
   * @throws UpstreamError if the completion is too large
   */
  add(deltas: Delta[], from: number, json: string): void {
    let hasLogprobs = false;
    for (let i = from; i < deltas.length; i++) {
      const delta = deltas[i] as Delta;
      switch (delta.type) {
        case 'content':
        case 'reasoning':
        case 'refusal':
          this.#length += delta.text.length;
          hasLogprobs ||= delta.logprobs !== undefined;
          break;
        case 'annotations':
        case 'images':
        case 'audio':
          this.#length += weighDelta(delta, Number.POSITIVE_INFINITY) / BYTES_PER_CHARACTER;
          break;
        case 'tool-call':
        case 'mcp':
          break;
        default:
          assertNever(delta);
      }
    }
    if (hasLogprobs) this.#logprobsBytes += Buffer.byteLength(json) + VALUE_BYTES * countValues(json);
    if (this.#length <= this.#maxLength && this.#logprobsBytes <= this.#maxLength * LOGPROBS_FACTOR) return;
    deltas.length = from;
    throw makeCompletionTooLargeError(this.#maxLength);
  }

  /**
   * Counts one more tool call.
   * @throws UpstreamError if there are too many
   */
  addToolCall(): void {
    if (this.#toolCalls === MAX_TOOL_CALLS) throw makeTooManyToolCallsError(MAX_TOOL_CALLS);
    this.#toolCalls++;
  }
}
