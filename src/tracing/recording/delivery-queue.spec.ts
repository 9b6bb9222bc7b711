import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { DeliveryLog } from './delivery-log.js';
import { DeliveryQueue, type QueuePlace } from './delivery-queue.js';
import { ExportError, type FinishedTrace, type TraceExporter } from './finished-trace.js';

const trace = (id: string): FinishedTrace => ({ id, name: id, tags: [], observations: [], bytes: 0 });

/** A backend that does what the test says, with one response for each request. */
class Backend implements TraceExporter {
  readonly name = 'backend';
  /** Ids of the traces in each request. */
  readonly requests: string[][] = [];
  open = 0;
  mostOpen = 0;
  respond: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  async export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void> {
    this.requests.push(traces.map(({ id }) => id));
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    try {
      await this.respond(signal);
    } finally {
      this.open--;
    }
  }

  failWith(message: string, retryable: boolean, retryAfterMs?: number): void {
    this.respond = () => Promise.reject(new ExportError(message, retryable, retryAfterMs));
  }

  succeed(): void {
    this.respond = () => Promise.resolve();
  }

  /** Does not respond until it is aborted. */
  hang(): void {
    this.respond = (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
  }
}

function makeQueue(limits: Partial<ConstructorParameters<typeof DeliveryQueue>[1]> = {}) {
  const clock = new FakeClock();
  const backend = new Backend();
  const lines: string[] = [];
  const sink = {
    log: (line: string) => lines.push(`INFO ${line}`),
    warn: (line: string) => lines.push(`WARN ${line}`),
  };
  const log = new DeliveryLog('Backend', sink, clock);
  const queue = new DeliveryQueue(backend, { bytes: 10_000_000, traces: 1_000, ...limits }, clock, log);
  const put = (id: string, bytes = 1_000): void => {
    const place = queue.open();
    if (place?.grow(bytes) === true) place.deliver(trace(id));
  };
  return { clock, backend, lines, queue, put };
}

function openPlace(queue: DeliveryQueue): QueuePlace {
  const place = queue.open();
  if (place === undefined) throw new Error('There should have been room');
  return place;
}

describe('DeliveryQueue', () => {
  it('sends the traces of one second together', async () => {
    const { clock, backend, queue, put } = makeQueue();
    put('a');
    await clock.advanceAsync(500);
    put('b');
    await clock.advanceAsync(499);
    expect(backend.requests).toEqual([]);
    await clock.advanceAsync(1);
    expect(backend.requests).toEqual([['a', 'b']]);
    expect(queue.health).toEqual({
      name: 'backend',
      up: true,
      exportedTraces: 2,
      droppedTraces: 0,
      failures: 0,
      queueBytes: 0,
      lastSuccessAt: clock.now(),
    });
    expect(clock.pending).toBe(0);
  });

  it('does not wait if there is enough for a request, by size or by number', async () => {
    const bySize = makeQueue();
    bySize.put('a', 300_000);
    bySize.put('b', 300_000);
    await bySize.clock.advanceAsync(0);
    expect(bySize.backend.requests[0]).toEqual(['a']);

    const byNumber = makeQueue();
    for (let i = 0; i < 256; i++) byNumber.put(`${i}`, 1);
    await byNumber.clock.advanceAsync(0);
    expect(byNumber.backend.requests[0]).toHaveLength(256);
  });

  it('makes one request at a time, in order', async () => {
    const { clock, backend, put } = makeQueue();
    for (let i = 0; i < 10; i++) put(`${i}`, 400_000);
    await clock.advanceAsync(5_000);
    expect(backend.mostOpen).toBe(1);
    expect(backend.requests.flat()).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
  });

  it('retries what may be accepted later, with growing pauses, until it is accepted', async () => {
    const { clock, backend, queue, put, lines } = makeQueue();
    backend.failWith('HTTP status 503', true);
    put('a');
    const at: number[] = [];
    const start = clock.monotonic();
    backend.respond = () => {
      at.push(clock.monotonic() - start);
      return Promise.reject(new ExportError('HTTP status 503', true));
    };
    await clock.advanceAsync(120_000);
    expect(at).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 62_000, 92_000]);
    expect(queue.health).toMatchObject({
      up: false,
      failures: 8,
      exportedTraces: 0,
      droppedTraces: 0,
      queueBytes: 1_000,
    });
    backend.succeed();
    put('b');
    await clock.advanceAsync(30_000);
    expect(backend.requests.at(-1)).toEqual(['a', 'b']);
    expect(queue.health).toMatchObject({ up: true, exportedTraces: 2, queueBytes: 0 });
    expect(lines.at(-1)).toBe('INFO Backend: traces arrive again');
  });

  it('waits as long as the backend asks, within limits', async () => {
    const { clock, backend, put } = makeQueue();
    backend.failWith('HTTP status 429', true, 10_000);
    put('a');
    await clock.advanceAsync(10_999);
    expect(backend.requests).toHaveLength(1);
    backend.failWith('HTTP status 429', true, 3_600_000);
    await clock.advanceAsync(1);
    expect(backend.requests).toHaveLength(2);
    backend.succeed();
    await clock.advanceAsync(30_000);
    expect(backend.requests).toHaveLength(3);
  });

  it('gives up what will never be accepted, and continues with the next', async () => {
    const { clock, backend, queue, put, lines } = makeQueue();
    backend.failWith('HTTP status 401', false);
    put('a');
    await clock.advanceAsync(1_000);
    expect(queue.health).toMatchObject({ up: false, failures: 1, droppedTraces: 1, queueBytes: 0 });
    expect(lines).toEqual(['WARN Backend: deliveries that failed: 1 (the last: HTTP status 401); traces given up: 1']);
    backend.succeed();
    put('b');
    await clock.advanceAsync(1_000);
    expect(queue.health).toMatchObject({ up: true, exportedTraces: 1 });
  });

  it('counts only the lost traces of a request as given up', async () => {
    const { clock, backend, put, queue } = makeQueue();
    backend.respond = () => Promise.reject(new ExportError('1 event refused', false, undefined, 1));
    for (const id of ['a', 'b', 'c']) put(id);
    await clock.advanceAsync(1_000);
    expect(queue.health).toMatchObject({ exportedTraces: 2, droppedTraces: 1, queueBytes: 0 });
  });

  it('does not quote errors of other libraries', async () => {
    const { clock, backend, put, lines } = makeQueue();
    backend.respond = () => Promise.reject(new TypeError('secret'));
    put('a');
    await clock.advanceAsync(1_000);
    expect(lines.join()).toContain('TypeError in the exporter');
    expect(lines.join()).not.toContain('secret');
  });

  it('keeps to its limit of traces, including open ones and those being sent', async () => {
    const { clock, backend, queue, put } = makeQueue({ traces: 3 });
    backend.hang();
    const open = openPlace(queue);
    put('a');
    await clock.advanceAsync(1_000);
    put('b');
    expect(queue.open()).toBeUndefined();
    expect(queue.health.droppedTraces).toBe(1);
    open.deliver(trace('open'));
    expect(queue.open()).toBeUndefined();
    queue.close();
    await clock.advanceAsync(0);
    expect(queue.health).toMatchObject({ droppedTraces: 5, queueBytes: 0 });
  });

  it('keeps to its limit of bytes, and gives up the whole trace that grows too large', () => {
    const { queue } = makeQueue({ bytes: 1_000 });
    const [one, two] = [openPlace(queue), openPlace(queue)];
    expect([one.grow(400), two.grow(500), one.grow(501)]).toEqual([true, true, false]);
    expect(queue.health).toMatchObject({ queueBytes: 500, droppedTraces: 1 });
    expect(one.grow(1)).toBe(false);
    one.deliver(trace('one'));
    expect(queue.health).toMatchObject({ queueBytes: 500, droppedTraces: 1 });
    expect(two.grow(1_000)).toBe(true);
    expect(queue.open()).toBeUndefined();
  });

  it('logs failed deliveries at most every ten seconds, with counts', async () => {
    const { clock, backend, put, lines } = makeQueue();
    backend.failWith('HTTP status 400', false);
    for (let i = 0; i < 100; i++) {
      put('a');
      await clock.advanceAsync(1_000);
    }
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines[1]).toBe('WARN Backend: deliveries that failed: 9 (the last: HTTP status 400); traces given up: 9');
  });

  it('flushes at once, with as many requests as needed', async () => {
    const { clock, backend, queue, put } = makeQueue();
    for (let i = 0; i < 5; i++) put(`${i}`, 300_000);
    let flushed = false;
    void queue.flush(5_000).then(() => (flushed = true));
    await clock.advanceAsync(0);
    await clock.advanceAsync(0);
    expect([backend.requests.flat().length, flushed]).toEqual([5, true]);
    expect(clock.pending).toBe(0);
  });

  it('flushes even during a pause between tries, and retries quickly', async () => {
    const { clock, backend, queue, put } = makeQueue();
    backend.failWith('HTTP status 503', true, 30_000);
    put('a');
    await clock.advanceAsync(1_000);
    let flushed = false;
    void queue.flush(5_000).then(() => (flushed = true));
    await clock.advanceAsync(1_000);
    expect(backend.requests.length).toBeGreaterThan(2);
    expect(flushed).toBe(false);
    backend.succeed();
    await clock.advanceAsync(250);
    expect(flushed).toBe(true);
  });

  it('ends a flush at its deadline, never rejects, and sends nothing once it is closed', async () => {
    const { clock, backend, queue, put, lines } = makeQueue();
    backend.hang();
    put('a');
    put('b');
    let flushed = false;
    void queue.flush(5_000).then(() => (flushed = true));
    await clock.advanceAsync(4_999);
    expect(flushed).toBe(false);
    await clock.advanceAsync(1);
    expect(flushed).toBe(true);
    put('c');
    queue.close();
    put('d');
    await clock.advanceAsync(60_000);
    expect({ requests: backend.requests, open: backend.open, timers: clock.pending }).toEqual({
      requests: [['a', 'b']],
      open: 0,
      timers: 0,
    });
    expect(queue.health).toMatchObject({ droppedTraces: 4, queueBytes: 0 });
    expect(lines.join('\n')).toContain('given up');
    await queue.flush(5_000);
  });

  it('is down while the keys are refused, until a delivery succeeds', async () => {
    const { clock, queue, put } = makeQueue();
    queue.noteCredentials(false);
    expect(queue.health.up).toBe(false);
    put('a');
    await clock.advanceAsync(1_000);
    expect(queue.health.up).toBe(true);
  });
});
