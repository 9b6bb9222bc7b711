import { assertNever } from '../kernel/index.js';
import { type Delta, weighDelta } from '../streaming/index.js';

/** Length of a delta in characters. Objects such as log probabilities are weighed by their memory. */
export function measureLength(delta: Delta): number {
  switch (delta.type) {
    case 'content':
    case 'reasoning':
    case 'refusal':
      return delta.logprobs === undefined
        ? delta.text.length
        : weighDelta(delta, Number.POSITIVE_INFINITY) / BYTES_PER_CHARACTER;
    case 'tool-call':
      return delta.arguments.length;
    case 'annotations':
    case 'images':
    case 'audio':
    case 'mcp':
      return weighDelta(delta, Number.POSITIVE_INFINITY) / 2;
    default:
      return assertNever(delta);
  }
}

/** Bytes of memory that count as one character: lenient, as the log probability of one token takes some hundreds of bytes. */
const BYTES_PER_CHARACTER = 16;
