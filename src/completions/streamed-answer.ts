import type { ServerResponse } from 'node:http';
import type { Observable } from 'rxjs';
import type { RequestRecord } from '../http/index.js';
import type { Clock, Timer } from '../kernel/index.js';
import { outcomeOf, type StreamMeter } from '../metrics/index.js';
import { ChunkEncoder, type ChunkHead, DONE_FRAME, errorFrame } from '../protocol/index.js';
import { coalesce, type Gate, mergeDeltas } from '../streaming/index.js';
import type { RunEvent, RunFailed, RunFinished } from '../workflow/index.js';
import { EventStreamWriter } from './event-stream-writer.js';
import { NodeEvents } from './node-events.js';

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
  /** True if the client asked for node events. */
  readonly nodeEvents: boolean;
  readonly meter: StreamMeter;
  /** Told how the run ended. */
  readonly record: Pick<RequestRecord, 'runEnded'>;
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
  options: StreamedAnswerOptions,
): Promise<void> {
  const { clock, debounceMs } = options;
  return new Promise((resolve, reject) => {
    const answer = new StreamedAnswer(response, options, reject);
    events
      .pipe(
        coalesce({
          clock,
          isWanted: (event) => options.nodeEvents || !NEWS.has(event.type),
          windowOf: (event) => (event.type === 'delta' ? (event.debounceMs ?? debounceMs) : undefined),
          merge: mergeDeltaEvents,
        }),
      )
      .subscribe({
        next: (event) => answer.on(event),
        complete: () => {
          answer.end();
          resolve();
        },
      });
  });
}

/** Events that only those see who asked for them; passing them on would break up text that can be joined. */
const NEWS: ReadonlySet<RunEvent['type']> = new Set(['node-started', 'node-progress', 'route-taken', 'node-failed']);

/** One answer on its way to the client. */
class StreamedAnswer {
  readonly #response: ServerResponse;
  readonly #encoder: ChunkEncoder;
  readonly #writer: EventStreamWriter;
  readonly #grace: Timer;
  readonly #includeUsage: boolean;
  readonly #record: StreamedAnswerOptions['record'];
  readonly #refuse: (error: Error) => void;
  readonly #nodeEvents: NodeEvents | undefined;
  /** Node events from before the status line was sent. They do not send it themselves: a failure may follow. */
  #early = '';

  constructor(response: ServerResponse, options: StreamedAnswerOptions, refuse: (error: Error) => void) {
    const { head, gate, clock, heartbeatMs, openGraceMs, nodeEvents, meter, record } = options;
    this.#response = response;
    this.#encoder = new ChunkEncoder(head);
    this.#writer = new EventStreamWriter(response, gate, clock, heartbeatMs, meter);
    this.#grace = clock.after(openGraceMs, () => this.#open());
    this.#includeUsage = head.includeUsage;
    this.#record = record;
    this.#refuse = refuse;
    this.#nodeEvents = nodeEvents ? new NodeEvents() : undefined;
  }

  on(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        if (event.traceId !== undefined) this.#response.setHeader('x-trace-id', event.traceId);
        break;
      case 'model-identified':
        this.#encoder.attribute(event.identity.systemFingerprint, event.identity.serviceTier);
        this.#tell(event);
        break;
      case 'delta':
        this.#tell(event);
        this.#say(this.#encoder.delta(event.delta));
        break;
      case 'run-finished':
        this.#finish(event);
        break;
      case 'run-failed':
        this.#fail(event);
        break;
      default:
        this.#tell(event);
    }
  }

  /** The run is over: nothing is to be waited for any more. */
  end(): void {
    this.#grace.cancel();
  }

  #open(): void {
    if (this.#early === '') this.#writer.open();
    else this.#write('');
  }

  #write(frames: string): void {
    const all = this.#early + frames;
    if (all === '') return;
    this.#early = '';
    this.#grace.cancel();
    this.#writer.write(all);
  }

  #say(frames: string): void {
    if (frames !== '') this.#writer.tokensFollow();
    this.#write(frames);
  }

  #tell(event: RunEvent): void {
    const news = this.#nodeEvents?.of(event);
    if (news === undefined) return;
    const frames = this.#encoder.event(news);
    if (this.#writer.isOpen) this.#writer.write(frames);
    else this.#early += frames;
  }

  #finish(event: RunFinished): void {
    this.#record.runEnded(event.finishReason, event.usage);
    const summary = this.#nodeEvents === undefined ? '' : this.#encoder.event(this.#nodeEvents.summary(event));
    const usage = this.#includeUsage && event.usage !== undefined ? this.#encoder.usage(event.usage) : '';
    this.#writer.end(this.#early + summary + this.#encoder.finish(event.finishReason) + usage + DONE_FRAME);
  }

  #fail({ error, usage }: RunFailed): void {
    this.#record.runEnded(outcomeOf(error), usage);
    if (this.#writer.isOpen) this.#writer.end(this.#encoder.flush() + errorFrame(error) + DONE_FRAME);
    else {
      this.#writer.release();
      this.#refuse(error);
    }
  }
}

/** Text of one node and channel is joined; anything else keeps its place. */
function mergeDeltaEvents(held: RunEvent, next: RunEvent): RunEvent | undefined {
  if (held.type !== 'delta' || next.type !== 'delta' || held.node !== next.node) return undefined;
  const delta = mergeDeltas(held.delta, next.delta);
  return delta && { ...held, delta };
}
