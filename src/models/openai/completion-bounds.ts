import { assertNever, countValues, findExcess } from '../../kernel/index.js';
import { type Delta, weighDelta } from '../../streaming/index.js';
import { makeCompletionTooLargeError, makeBadCompletionError, makeTooManyToolCallsError } from './upstream-errors.js';

/** How long an upstream may be silent, in milliseconds. */
interface SilenceLimits {
  /** Longest wait for the first delta, from the request on. */
  readonly firstTokenTimeoutMs: number;
  /** Longest silence after it. */
  readonly idleTimeoutMs: number;
}

/** What an upstream may do with a completion before it is given up. */
export interface CompletionLimits extends SilenceLimits {
  /** Most characters of a completion: text, reasoning, refusal, tool calls, sources, images and sound together. */
  readonly maxCompletionLength: number;
}

/** Most tool calls of one completion. OpenAI takes no more tools than that in one request. */
export const MAX_TOOL_CALLS = 128;
/**
 * How many times the bound of its text the log probabilities of a completion may come to in memory: 64 MiB by default. With
 * the 20 alternatives that can be asked for, a token takes 6 kB, so that is enough for 10,000 tokens.
 */
const LOGPROBS_FACTOR = 8;
/** What a value takes in memory beside its text, in bytes: a number, or an object or list with its place in another one. */
const VALUE_BYTES = 32;
/** Citations, images and sound are weighed by their memory. */
const BYTES_PER_CHARACTER = 2;

/**
 * Most bytes of an event, or of a completion that comes as a whole: JSON escapes characters, and holds more than the completion.
 * @param maxLength most characters of the completion
 */
export function maxWrittenBytes(maxLength: number): number {
  return 2 * maxLength + 64 * 1024;
}

/**
 * Most values of an event: in more time than 100,000 can take to parse (100 ms, if all of them have names), others would notice.
 * A completion that comes as a whole may hold the log probabilities of thousands of tokens.
 */
const MOST_VALUES_OF_EVENT = 100_000;
export const MOST_VALUES_OF_WHOLE = 1_000_000;
/** Deepest nesting: of a schema or arguments of a tool, a part of this. */
const DEEPEST = 128;
/** Shorter ones are neither deep enough to do harm, nor hold many values. */
const LONG_EVENT = 4 * 1024;

/**
 * Checks JSON before it is parsed: what it comes to in memory can be twenty times its text, and what is nested deeply can be parsed
 * but not be written again.
 * @throws UpstreamError if it holds more values than any completion does, or is nested deeper
 */
export function assertParsable(json: string, mostValues = MOST_VALUES_OF_EVENT): void {
  if (json.length <= LONG_EVENT) return;
  const excess = findExcess(json, { values: mostValues, depth: DEEPEST });
  if (excess === 'values') throw makeBadCompletionError('it holds too many values');
  if (excess === 'depth') throw makeBadCompletionError('it is nested too deeply');
}

/** Counts what is kept of one completion as it comes, so that no upstream can fill the memory. */
export class CompletionBounds {
  readonly #maxLength: number;
  #length = 0;
  #logprobsBytes = 0;
  #toolCalls = 0;

  /** @param maxLength most characters of text, reasoning, refusal, tool calls, citations, images and sound together */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Takes characters of a tool call, which may be passed on much later. {@link add} tells if they are too many. */
  count(length: number): void {
    this.#length += length;
  }

  /**
   * Takes what one event of the upstream has brought, its tool calls aside. What is beyond a bound is taken out of `deltas` again.
   * @param from index of the first delta of the event
   * @param json the event
   * @throws UpstreamError if the completion is larger than it may be
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
   * Takes the beginning of one more tool call.
   * @throws UpstreamError if there are more of them than any completion needs
   */
  addToolCall(): void {
    if (this.#toolCalls === MAX_TOOL_CALLS) throw makeTooManyToolCallsError(MAX_TOOL_CALLS);
    this.#toolCalls++;
  }
}
