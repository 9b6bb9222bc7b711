import type { ResponseEvent } from './response-events.js';

/** Events as frames of a stream: the name of an event is its type, by which some clients choose (Open Responses demands it). */
export function encodeFrames(events: readonly ResponseEvent[]): string {
  let frames = '';
  for (const { type, json } of events) frames += `event: ${type}\ndata: ${json}\n\n`;
  return frames;
}
