import type { ServerResponse } from 'node:http';
import type { RunEvent, RunFailed, RunFinished } from '../../engine/index.js';
import type { RequestRecord, RunEnding } from '../../http/index.js';
import type { Outcome } from '../../errors/index.js';
import { assertNever, Cancellation, type Clock, type Timer } from '../../kernel/index.js';
import type { StreamMeter } from '../../metrics/index.js';
import { guarded, type ReadFailure, type RunEvents, type RunReader } from '../../runs/index.js';
import { coalesce, type Gate, mergeDeltas } from '../../streaming/index.js';
import { DONE_FRAME, errorFrame, EventStreamWriter } from '../wire/index.js';
import { ChunkEncoder, type ChunkHead } from './completions.encoder.js';
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
  /** Told how the run ended, and of node events that no stream was opened for. */
  readonly record: Pick<RequestRecord, 'runEnded' | 'failedAfter'>;
}

/**
 * Streams a run's events to a client. The status line waits for the first delta or an error, so that a run which fails at
 * once is a real HTTP error; but not for longer than the grace time, because clients and proxies want to see life.
 * @returns when the answer has been handed to the connection
 * @throws MillraceError if the run fails before anything was sent: the answer is then the caller's to give
 */
export function streamAnswer(
  events: RunEvents,
  response: ServerResponse,
  options: StreamedAnswerOptions,
): Promise<unknown> {
  const { clock, debounceMs } = options;
  return events.read(
    new StreamedAnswer(response, options),
    coalesce({
      clock,
      isWanted: (event) => options.nodeEvents || !NEWS.has(event.type),
      windowOf: (event) => (event.type === 'delta' ? (event.debounceMs ?? debounceMs) : undefined),
      merge: mergeDeltaEvents,
    }),
  );
}

/** How many characters of node events wait for the status line; what is told of progress beyond them is kept as below. */
const EARLY_ROOM = 64 * 1024;

/** Events of which a node may have any number; only the newest counts for a client that is behind. */
const REPEATED: ReadonlySet<RunEvent['type']> = new Set(['node-progress', 'model-identified']);

/** Events that only those see who asked for them; passing them on would break up text that can be joined. */
const NEWS: ReadonlySet<RunEvent['type']> = new Set(['node-started', 'node-progress', 'route-taken', 'node-failed']);

/** One answer on its way to the client. */
class StreamedAnswer implements RunReader {
  readonly fault = new Cancellation();
  readonly wantsContent: boolean;
  readonly #response: ServerResponse;
  readonly #encoder: ChunkEncoder;
  readonly #writer: EventStreamWriter;
  readonly #gate: Gate;
  readonly #grace: Timer;
  readonly #includeUsage: boolean;
  readonly #record: StreamedAnswerOptions['record'];
  readonly #nodeEvents: NodeEvents | undefined;
  /** Node events, as JSON, from before the status line was sent. They do not send it themselves: a failure may follow. */
  #early: string[] = [];
  #earlyLength = 0;
  /** The newest of the repeated events that a client was told nothing of because it is behind, by node and type. */
  readonly #newest = new Map<string, string>();
  #isEndTold = false;

  constructor(response: ServerResponse, options: StreamedAnswerOptions) {
    const { head, gate, clock, heartbeatMs, openGraceMs, nodeEvents, meter, record } = options;
    this.#response = response;
    this.#encoder = new ChunkEncoder(head);
    this.#gate = gate;
    this.#writer = new EventStreamWriter(response, gate, clock, heartbeatMs, meter, this.fault);
    this.#grace = clock.after(
      openGraceMs,
      guarded(this.fault, () => this.#open()),
    );
    this.#includeUsage = head.includeUsage;
    this.#record = record;
    this.wantsContent = nodeEvents;
    this.#nodeEvents = nodeEvents ? new NodeEvents() : undefined;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
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
        // What came before is encoded first: the first frame of all has the role.
        this.#say(this.#takeEarly() + this.#encoder.delta(event.delta));
        break;
      case 'run-finished':
        this.#finish(event);
        break;
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
      case 'node-failed':
        this.#tell(event);
        break;
      default:
        assertNever(event);
    }
  }

  /**
   * Ends the answer with the error.
   * @throws the error, if nothing was sent: the answer is then somebody else's to give
   */
  failed(failure: ReadFailure): void {
    const { error, thrown, outcome, isReaders, node } = failure;
    this.#grace.cancel();
    this.#tellEnd(outcome, failure);
    if (!this.#writer.isOpen) {
      this.#writer.release();
      if (!isReaders) this.#record.failedAfter([...this.#early, ...this.#newest.values()]);
      throw thrown;
    }
    this.#writer.end((isReaders ? '' : this.#takeNewest()) + errorFrame(error, node) + DONE_FRAME);
  }

  #open(): void {
    const early = this.#takeEarly() + this.#takeNewest();
    if (early === '') this.#writer.open();
    else this.#write(early);
  }

  #write(frames: string): void {
    if (frames === '') return;
    this.#grace.cancel();
    this.#writer.write(frames);
  }

  #say(frames: string): void {
    if (frames !== '') this.#writer.tokensFollow();
    this.#write(frames);
  }

  #tell(event: RunEvent): void {
    const json = this.#nodeEvents?.jsonOf(event);
    if (json === undefined) return;
    if ('node' in event && REPEATED.has(event.type) && !this.#hasRoom()) this.#keepNewest(event.type, event.node, json);
    else if (this.#writer.isOpen) this.#writer.write(this.#takeNewest() + this.#encoder.event(json));
    else this.#keepEarly(json);
  }

  #keepEarly(json: string): void {
    for (const each of [...this.#newest.values(), json]) {
      this.#early.push(each);
      this.#earlyLength += each.length;
    }
    this.#newest.clear();
  }

  /** Frames of what came before the status line. */
  #takeEarly(): string {
    if (this.#early.length === 0) return '';
    const early = this.#early;
    this.#early = [];
    return early.map((json) => this.#encoder.event(json)).join('');
  }

  #hasRoom(): boolean {
    return this.#writer.isOpen ? this.#gate.isOpen : this.#earlyLength < EARLY_ROOM;
  }

  #keepNewest(type: string, node: string, json: string): void {
    if (this.#newest.size === 0 && this.#writer.isOpen) {
      void this.#gate.opened().then(guarded(this.fault, () => this.#writer.write(this.#takeNewest())));
    }
    const key = `${type} ${node}`;
    // Set anew, it is the last again: the numbers of events grow.
    this.#newest.delete(key);
    this.#newest.set(key, json);
  }

  /** Frames of what was kept. */
  #takeNewest(): string {
    if (this.#newest.size === 0) return '';
    let frames = '';
    for (const json of this.#newest.values()) frames += this.#encoder.event(json);
    this.#newest.clear();
    return frames;
  }

  #finish(event: RunFinished): void {
    this.#grace.cancel();
    const early = this.#takeEarly();
    const summary =
      this.#nodeEvents === undefined ? '' : this.#takeNewest() + this.#encoder.event(this.#nodeEvents.summary(event));
    const usage = this.#includeUsage && event.usage !== undefined ? this.#encoder.usage(event.usage) : '';
    const frames = early + summary + this.#encoder.finish(event.finishReason) + usage + DONE_FRAME;
    this.#tellEnd(event.finishReason, event);
    this.#writer.end(frames);
  }

  /** Once: an answer whose last frames cannot be written fails when its run has ended well. */
  #tellEnd(outcome: Outcome, ending: RunEnding): void {
    if (this.#isEndTold) return;
    this.#isEndTold = true;
    this.#record.runEnded(outcome, ending);
  }
}

/** Text of one node and channel is joined; anything else keeps its place. */
function mergeDeltaEvents(held: RunEvent, next: RunEvent): RunEvent | undefined {
  if (held.type !== 'delta' || next.type !== 'delta' || held.node !== next.node) return undefined;
  const delta = mergeDeltas(held.delta, next.delta);
  return delta && { ...held, delta };
}
