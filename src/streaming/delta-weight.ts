import { assertNever } from '../kernel/index.js';
import type { Delta } from './delta.js';

/** Bytes of an object or list without its entries. */
const HOLDER_BYTES = 56;
const ENTRY_BYTES = 8;
const NUMBER_BYTES = 16;
const STRING_BYTES = 24;
/** Log probabilities have four levels. What is deeper than this counts as `enough`. */
const DEEPEST = 16;

/**
 * Estimates how much memory a delta takes, in bytes, and rather too much than too little.
 * @param enough where counting may stop
 */
export function weighDelta(delta: Delta, enough: number): number {
  const frame = 2 * HOLDER_BYTES;
  switch (delta.type) {
    case 'tool-call':
      return frame + weighText(delta.arguments) + weighText(delta.id ?? '') + weighText(delta.name ?? '');
    case 'annotations':
      return frame + weighJson(delta.annotations, enough - frame, 0);
    case 'images':
      return frame + weighJson(delta.images, enough - frame, 0);
    case 'mcp':
      // Schemas of tools are deep.
      return frame + weighText(JSON.stringify(delta));
    case 'audio':
      return frame + weighText(delta.id ?? '') + weighText(delta.data ?? '') + weighText(delta.transcript ?? '');
    case 'content':
    case 'reasoning':
    case 'refusal': {
      const weight = frame + weighText(delta.text);
      return delta.logprobs === undefined ? weight : weight + weighJson(delta.logprobs, enough - weight, 0);
    }
    default:
      return assertNever(delta);
  }
}

/** Two bytes for each unit: what JavaScript needs for most texts but English ones. */
function weighText(text: string): number {
  return STRING_BYTES + 2 * text.length;
}

/** Weighs what JSON.parse makes. */
function weighJson(value: unknown, enough: number, depth: number): number {
  if (typeof value === 'string') return weighText(value);
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  if (depth === DEEPEST) return enough;
  let weight = HOLDER_BYTES;
  for (const entry of Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value)) {
    weight += ENTRY_BYTES + weighJson(entry, enough - weight, depth + 1);
    if (weight >= enough) break;
  }
  return weight;
}
