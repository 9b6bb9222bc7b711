import type { SseItem } from './sse-frames.js';

/** Joins the content of a stream of chat completion chunks. */
export function readContent(items: readonly SseItem[]): string {
  return items.map(readPiece).join('');
}

function readPiece(item: SseItem): string {
  if (item.kind !== 'data') return '';
  const chunk = item.json as { choices?: readonly { delta?: { content?: string | null } }[] } | undefined;
  return chunk?.choices?.[0]?.delta?.content ?? '';
}
