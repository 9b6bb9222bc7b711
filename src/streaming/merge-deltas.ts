import { assertNever } from '../kernel/index.js';
import type { Delta, TextDelta, ToolCallDelta } from './delta.js';

/** Longest text of what has been joined, in characters: what is held back for a while is bounded. */
const LONGEST = 16 * 1024;
/** Most log probabilities of what has been joined: each time, all of them are copied. */
const MOST_LOGPROBS = 64;

/**
 * Merges two consecutive deltas into one.
 * @returns undefined if they belong to different channels or tool calls, are too large together, or have no text to join
 */
export function mergeDeltas(first: Delta, second: Delta): Delta | undefined {
  switch (first.type) {
    case 'content':
    case 'reasoning':
    case 'refusal':
      return second.type === first.type ? mergeTexts(first, second) : undefined;
    case 'tool-call':
      return second.type === 'tool-call' ? mergeToolCalls(first, second) : undefined;
    case 'annotations':
    case 'images':
    case 'audio':
    case 'mcp':
      return undefined;
    default:
      return assertNever(first);
  }
}

function mergeTexts(first: TextDelta, second: TextDelta): TextDelta | undefined {
  if (first.text.length + second.text.length > LONGEST) return undefined;
  const text = first.text + second.text;
  if (first.logprobs === undefined && second.logprobs === undefined) return { type: first.type, text };
  if ((first.logprobs?.length ?? 0) + (second.logprobs?.length ?? 0) > MOST_LOGPROBS) return undefined;
  return { type: first.type, text, logprobs: [...(first.logprobs ?? []), ...(second.logprobs ?? [])] };
}

function mergeToolCalls(first: ToolCallDelta, second: ToolCallDelta): ToolCallDelta | undefined {
  const continues =
    second.index === first.index &&
    second.id === undefined &&
    second.name === undefined &&
    first.arguments.length + second.arguments.length <= LONGEST;
  return continues ? { ...first, arguments: first.arguments + second.arguments } : undefined;
}
