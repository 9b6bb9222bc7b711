import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { ensureError } from '../../kernel/index.js';
import { SilenceWatch } from './silence-watch.js';
import { ResponseBody } from './transport/index.js';
import { UpstreamBody } from './upstream-body.js';

/** A body that the test feeds, on a clock that the test moves. Aborting the watch breaks it, as it breaks a connection. */
class BodyBench {
  readonly clock = new FakeClock();
  readonly watch = new SilenceWatch(this.clock, 60_000);
  readonly body: UpstreamBody;
  readonly #bytes = new ResponseBody({ pause: () => undefined, resume: () => undefined });

  constructor() {
    this.watch.signal.addEventListener('abort', () => this.#bytes.fail(ensureError(this.watch.signal.reason)));
    this.body = new UpstreamBody(this.#bytes, this.watch);
  }

  send(): void {
    this.#bytes.push(Uint8Array.of(1));
  }
}

describe('UpstreamBody', () => {
  it('gives the rest of a complete response one limit in total', async () => {
    const bench = new BodyBench();
    const finished = bench.body.finish();
    for (let i = 0; i < 3; i++) {
      bench.send();
      await bench.clock.advanceAsync(600);
    }
    expect(bench.watch.signal.aborted).toBe(false);
    bench.send();
    await bench.clock.advanceAsync(200);
    await finished;
    expect(bench.watch.signal.aborted).toBe(true);
    expect(bench.clock.pending).toBe(0);
  });

  it('gives the rest no more time for a slow reader', async () => {
    const bench = new BodyBench();
    const first = bench.body.readRest(1_000);
    bench.send();
    await first;
    await bench.clock.advanceAsync(10_000);
    await expect(bench.body.readRest(1_000)).rejects.toMatchObject({ code: 'upstream_timeout' });
    expect(bench.watch.signal.aborted).toBe(true);
  });

  it('gives a slow reader the bytes that have arrived, however long it took', async () => {
    const bench = new BodyBench();
    const first = bench.body.readRest(1_000);
    bench.send();
    await first;
    bench.send();
    await bench.clock.advanceAsync(10_000);
    await expect(bench.body.readRest(1_000)).resolves.toEqual(Uint8Array.of(1));
  });
});
