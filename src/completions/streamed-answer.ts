import type { ServerResponse } from 'node:http';
import type { Observable } from 'rxjs';
import type { Clock } from '../kernel/index.js';
import { ChunkEncoder, type ChunkHead, DONE_FRAME, errorFrame } from '../protocol/index.js';
import { coalesce, type Gate, mergeDeltas } from '../streaming/index.js';
import type { RunEvent } from '../workflow/index.js';
import { EventStreamWriter } from './event-stream-writer.js';

/** How an answer is streamed. Times are in milliseconds. */
export interface StreamedAnswerOptions {
  readonly head: ChunkHead;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** How long the status line may wait for the first delta or an error. */
  readonly openGraceMs: number;
  /** The window for joining text of nodes that have none of their own. */
  readonly debounceMs: number;
}

/**
 * Streams a run's events to a client. The status line waits for the first delta or an error, so that a run which fails at
 * once is a real HTTP error; but not for longer than the grace time, because clients and proxies want to see life.
 * @returns when the answer has been handed to the connection
 * @throws MillraceError if the run fails before anything was sent: the answer is then the caller's to give
 */
export function streamAnswer(
  events: Observable<RunEvent>,
  response: ServerResponse,
  { head, gate, clock, heartbeatMs, openGraceMs, debounceMs }: StreamedAnswerOptions,
): Promise<void> {
  const encoder = new ChunkEncoder(head);
  const writer = new EventStreamWriter(response, gate, clock, heartbeatMs);
  const grace = clock.after(openGraceMs, () => writer.open());

  return new Promise((resolve, reject) => {
    const on = (event: RunEvent): void => {
      switch (event.type) {
        case 'run-started':
          if (event.traceId !== undefined) response.setHeader('x-trace-id', event.traceId);
          break;
        case 'model-identified':
          encoder.attribute(event.identity.systemFingerprint, event.identity.serviceTier);
          break;
        case 'delta':
          grace.cancel();
          writer.write(encoder.delta(event.delta));
          break;
        case 'run-finished': {
          const usage = head.includeUsage && event.usage !== undefined ? encoder.usage(event.usage) : '';
          writer.end(encoder.finish(event.finishReason) + usage + DONE_FRAME);
          break;
        }
        case 'run-failed':
          if (writer.isOpen) writer.end(encoder.flush() + errorFrame(event.error) + DONE_FRAME);
          else {
            writer.release();
            reject(event.error);
          }
          break;
        case 'node-started':
        case 'node-progress':
        case 'route-taken':
        case 'node-finished':
        case 'node-failed':
          break;
      }
    };
    events
      .pipe(
        coalesce({
          clock,
          windowOf: (event) => (event.type === 'delta' ? (event.debounceMs ?? debounceMs) : undefined),
          merge: mergeDeltaEvents,
        }),
      )
      .subscribe({
        next: on,
        complete: () => {
          grace.cancel();
          resolve();
        },
      });
  });
}

/** Text of one node and channel is joined; anything else keeps its place. */
function mergeDeltaEvents(held: RunEvent, next: RunEvent): RunEvent | undefined {
  if (held.type !== 'delta' || next.type !== 'delta' || held.node !== next.node) return undefined;
  const delta = mergeDeltas(held.delta, next.delta);
  return delta && { ...held, delta };
}
