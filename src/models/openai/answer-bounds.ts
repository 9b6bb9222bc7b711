import { hasMoreValues } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import { answerTooLarge, badAnswer, tooManyToolCalls } from './upstream-errors.js';

/** Most tool calls of one answer. OpenAI takes no more tools than that in one request. */
export const MAX_TOOL_CALLS = 128;
/**
 * How many times the bound of its text the log probabilities of an answer may come to, as the upstream writes them. With the 20
 * alternatives that can be asked for they are a hundred times as long as the text that they belong to, and all of them are wanted.
 */
const LOGPROBS_FACTOR = 4;

/**
 * Most bytes of an event, or of an answer that comes as a whole: JSON escapes characters, and holds more than the answer.
 * @param maxLength most characters of the answer
 */
export function maxWrittenBytes(maxLength: number): number {
  return 2 * maxLength + 64 * 1024;
}

/** Most values that an event may hold, and the length from which on that is looked at: shorter ones cannot hold many. */
const MOST_VALUES = 1_000_000;
const LONG_EVENT = 128 * 1024;

/**
 * Checks an event before it is parsed: what JSON comes to in memory can be twenty times its text.
 * @throws UpstreamError if it holds more values than any answer does
 */
export function assertParsable(json: string): void {
  if (json.length > LONG_EVENT && hasMoreValues(json, MOST_VALUES)) throw badAnswer('it holds too many values');
}

/** Counts what is kept of one answer as it comes, so that no upstream can fill the memory. */
export class AnswerBounds {
  readonly #maxLength: number;
  #length = 0;
  #logprobsLength = 0;
  #toolCalls = 0;

  /** @param maxLength most characters of text, reasoning, refusal and tool calls together */
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
   * @param eventLength characters of the event
   * @throws UpstreamError if the answer is larger than it may be
   */
  add(deltas: Delta[], from: number, eventLength: number): void {
    let hasLogprobs = false;
    for (let i = from; i < deltas.length; i++) {
      const delta = deltas[i] as Delta;
      if (delta.type === 'tool-call') continue;
      this.#length += delta.text.length;
      hasLogprobs ||= delta.logprobs !== undefined;
    }
    if (hasLogprobs) this.#logprobsLength += eventLength;
    if (this.#length <= this.#maxLength && this.#logprobsLength <= this.#maxLength * LOGPROBS_FACTOR) return;
    deltas.length = from;
    throw answerTooLarge(this.#maxLength);
  }

  /**
   * Takes the beginning of one more tool call.
   * @throws UpstreamError if there are more of them than any answer needs
   */
  addToolCall(): void {
    if (this.#toolCalls === MAX_TOOL_CALLS) throw tooManyToolCalls(MAX_TOOL_CALLS);
    this.#toolCalls++;
  }
}
