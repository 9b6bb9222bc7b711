import type { Delta } from './delta.js';

/** Two deltas that follow one another as one, or undefined if they belong to different channels or tool calls. */
export function mergeDeltas(first: Delta, second: Delta): Delta | undefined {
  if (first.type === 'tool-call') {
    const continues =
      second.type === 'tool-call' &&
      second.index === first.index &&
      second.id === undefined &&
      second.name === undefined;
    return continues ? { ...first, arguments: first.arguments + second.arguments } : undefined;
  }
  if (second.type !== first.type) return undefined;
  const text = first.text + second.text;
  if (first.logprobs === undefined && second.logprobs === undefined) return { type: first.type, text };
  return { type: first.type, text, logprobs: [...(first.logprobs ?? []), ...(second.logprobs ?? [])] };
}
