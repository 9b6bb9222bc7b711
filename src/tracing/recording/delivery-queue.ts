import { type Clock, ensureError, type Timer } from '../../kernel/index.js';
import type { ExporterHealth } from '../tracer.js';
import type { DeliveryLog } from './delivery-log.js';
import { ExportError, type FinishedTrace, type TraceExporter } from './finished-trace.js';

/** The limits of a queue. */
interface DeliveryLimits {
  /** Most bytes of traces that are open, waiting or being sent. */
  readonly bytes: number;
  /** Most of these traces. */
  readonly traces: number;
}

/** A trace's place in a queue, which it takes when it starts. */
export interface QueuePlace {
  /**
   * Takes room for the trace's present size.
   * @returns false if there is no room: the place is lost, and the trace must not be delivered
   */
  grow(bytes: number): boolean;
  /** Adds the complete trace to the queue. */
  deliver(trace: FinishedTrace): void;
}

/** How long a trace waits to be sent with others, in milliseconds. */
const LINGER_MS = 1_000;
/** A batch of this size is sent at once. Serializing it blocks the process for about 5 ms. */
const BATCH_BYTES = 512 * 1024;
const BATCH_TRACES = 256;

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;
/** Longest pause between tries during a flush, in milliseconds. */
const FLUSH_BACKOFF_MS = 250;

/**
 * The traces that wait for one backend. It is bounded: without room a new trace is not taken, so that each trace is sent
 * whole or not at all. It sends one request at a time, and retries traces that the backend may accept later.
 */
export class DeliveryQueue {
  readonly #exporter: TraceExporter;
  readonly #limits: DeliveryLimits;
  readonly #clock: Clock;
  readonly #log: DeliveryLog;
  readonly #closing = new AbortController();
  readonly #waiting: FinishedTrace[] = [];
  readonly #onIdle = new Set<() => void>();
  #waitingBytes = 0;
  /** Bytes of all traces with a place. */
  #bytes = 0;
  #traces = 0;
  #exported = 0;
  #dropped = 0;
  #failures = 0;
  #failuresInARow = 0;
  /** True if the first waiting traces have been tried before: then they are sent without further waiting. */
  #isRetry = false;
  #credentialsRefused = false;
  #lastSuccessAt: number | undefined;
  #working = false;
  /** Number of pending flushes. */
  #hurried = 0;
  /** Ends the present pause. */
  #wake: (() => void) | undefined;

  constructor(exporter: TraceExporter, limits: DeliveryLimits, clock: Clock, log: DeliveryLog) {
    this.#exporter = exporter;
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log;
  }

  get health(): ExporterHealth {
    return {
      name: this.#exporter.name,
      up: this.#failuresInARow === 0 && !this.#credentialsRefused,
      exportedTraces: this.#exported,
      droppedTraces: this.#dropped,
      failures: this.#failures,
      queueBytes: this.#bytes,
      lastSuccessAt: this.#lastSuccessAt,
    };
  }

  /** Notes that the backend accepted or refused the credentials in a check. */
  noteCredentials(accepted: boolean): void {
    this.#credentialsRefused = !accepted;
  }

  /**
   * Takes a place for a trace that starts.
   * @returns undefined if there is no room
   */
  open(): QueuePlace | undefined {
    if (this.#closing.signal.aborted || this.#bytes >= this.#limits.bytes || this.#traces >= this.#limits.traces) {
      this.#drop(1);
      return undefined;
    }
    this.#traces++;
    let held = 0;
    let isLost = false;
    const leave = (): void => {
      isLost = true;
      this.#release(held, 1);
      this.#drop(1);
    };
    return {
      grow: (bytes) => {
        if (isLost) return false;
        if (this.#bytes + bytes - held > this.#limits.bytes || this.#closing.signal.aborted) {
          leave();
          return false;
        }
        this.#bytes += bytes - held;
        held = bytes;
        return true;
      },
      deliver: (trace) => {
        if (isLost) return;
        // The bytes taken here are the bytes that will be released.
        this.#push({ ...trace, bytes: held });
      },
    };
  }

  /** Sends all waiting traces at once. Resolves when none is left, or after `deadlineMs` milliseconds; never rejects. */
  async flush(deadlineMs: number): Promise<void> {
    if (!this.#working) return;
    this.#hurried++;
    this.#wake?.();
    await new Promise<void>((resolve) => {
      const limit = this.#clock.after(deadlineMs, () => settle());
      const settle = (): void => {
        limit.cancel();
        this.#onIdle.delete(settle);
        resolve();
      };
      this.#onIdle.add(settle);
    });
    this.#hurried--;
  }

  /** Gives up waiting traces and aborts the present request. Nothing is taken or sent any more. */
  close(): void {
    this.#closing.abort(new Error('Tracing has ended'));
    this.#wake?.();
    this.#waitingBytes = 0;
    this.#discard(this.#waiting.splice(0));
    this.#log.close();
  }

  #push(trace: FinishedTrace): void {
    if (this.#closing.signal.aborted) return this.#discard([trace]);
    this.#waiting.push(trace);
    this.#waitingBytes += trace.bytes;
    if (!this.#working) void this.#work();
    else if (this.#isRipe && this.#failuresInARow === 0) this.#wake?.();
  }

  get #isRipe(): boolean {
    return this.#waitingBytes >= BATCH_BYTES || this.#waiting.length >= BATCH_TRACES;
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      if (!this.#isRipe && !this.#isRetry && this.#hurried === 0) await this.#pause(LINGER_MS);
      const batch = this.#take();
      if (batch.length > 0) await this.#send(batch);
    }
    this.#working = false;
    for (const settle of this.#onIdle) settle();
  }

  #take(): readonly FinishedTrace[] {
    let bytes = 0;
    let count = 0;
    for (const trace of this.#waiting) {
      if (count === BATCH_TRACES || (count > 0 && bytes + trace.bytes > BATCH_BYTES)) break;
      bytes += trace.bytes;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #send(batch: readonly FinishedTrace[]): Promise<void> {
    try {
      await this.#exporter.export(batch, this.#closing.signal);
      this.#noteSuccess(batch);
    } catch (thrown) {
      if (this.#closing.signal.aborted) return this.#discard(batch);
      const delayMs = this.#noteFailure(thrown, batch);
      if (delayMs !== undefined) await this.#pause(this.#hurried > 0 ? Math.min(delayMs, FLUSH_BACKOFF_MS) : delayMs);
    }
  }

  #noteSuccess(batch: readonly FinishedTrace[]): void {
    this.#release(countBytes(batch), batch.length);
    this.#exported += batch.length;
    this.#lastSuccessAt = this.#clock.now();
    this.#failuresInARow = 0;
    this.#isRetry = false;
    this.#credentialsRefused = false;
    this.#log.noteSuccess();
  }

  /** @returns the pause before the batch is tried again, in milliseconds; undefined if it is given up */
  #noteFailure(thrown: unknown, batch: readonly FinishedTrace[]): number | undefined {
    this.#failures++;
    this.#failuresInARow++;
    this.#isRetry = false;
    const error = ensureError(thrown);
    const isKnown = error instanceof ExportError;
    // The message of any other error could hold private data.
    const why = isKnown ? error.message : `${error.name} in the exporter`;
    if (!isKnown || !error.retryable) {
      this.#release(countBytes(batch), batch.length);
      const lost = Math.min(batch.length, (isKnown ? error.lostTraces : undefined) ?? batch.length);
      this.#dropped += lost;
      this.#exported += batch.length - lost;
      this.#log.noteFailure(why, lost);
      return undefined;
    }
    this.#log.noteFailure(why, 0);
    this.#isRetry = true;
    this.#waiting.unshift(...batch);
    this.#waitingBytes += countBytes(batch);
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#failuresInARow - 1));
    return Math.min(LONGEST_BACKOFF_MS, Math.max(backoffMs, error.retryAfterMs ?? 0));
  }

  async #pause(ms: number): Promise<void> {
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = this.#clock.after(ms, resolve);
    });
    timer?.cancel();
    this.#wake = undefined;
  }

  #discard(traces: readonly FinishedTrace[]): void {
    this.#release(countBytes(traces), traces.length);
    this.#drop(traces.length);
  }

  #release(bytes: number, traces: number): void {
    this.#bytes -= bytes;
    this.#traces -= traces;
  }

  #drop(traces: number): void {
    this.#dropped += traces;
    if (traces > 0) this.#log.noteDropped(traces);
  }
}

function countBytes(traces: readonly FinishedTrace[]): number {
  return traces.reduce((sum, { bytes }) => sum + bytes, 0);
}
