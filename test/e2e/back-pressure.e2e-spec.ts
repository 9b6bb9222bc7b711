import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WorkflowRunner } from '../../src/workflow/index.js';
import {
  assertCompletion,
  Bench,
  contentOf,
  done,
  eventually,
  finish,
  flood,
  openStream,
  type RecordedRequest,
  role,
} from '../support/index.js';

const HELLO = [{ role: 'user', content: 'Hello' }];
const MIB = 1024 * 1024;
const FLOOD = 64 * MIB;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use, and not only not collected yet. */
function memoryInUse(): number {
  collectGarbage();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

describe('back-pressure', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({ env: { UPSTREAM_ANSWER_LIMIT: '100mb' } });
  });
  afterEach(() => bench.close());

  /** Waits until the upstream is not read any more: what it could write has not grown for a while. */
  const standstill = async (request: RecordedRequest): Promise<number> => {
    let last = -1;
    let since = performance.now();
    await eventually(
      () => {
        if (request.bytesWritten !== last) {
          last = request.bytesWritten;
          since = performance.now();
        }
        return performance.now() - since > 300;
      },
      { within: 15_000, message: 'a standstill of the upstream' },
    );
    return last;
  };

  it('stops reading the upstream while the client does not read, and goes on when it does', async () => {
    bench.upstream.next([role(), flood({ bytes: FLOOD }), finish('stop'), done()]);
    const stream = await openStream(bench.app.chatUrl, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data');
    stream.pause();
    const request = await bench.upstream.request(0);
    const before = memoryInUse();
    const written = await standstill(request);
    const after = memoryInUse();
    // What the kernel's socket buffers hold on both sides; most of the flood is still with the upstream.
    expect(written).toBeLessThan(FLOOD / 2);
    expect(after - before).toBeLessThan(24 * MIB);

    stream.resume();
    const items = await stream.collect({ within: 30_000 });
    assertCompletion(items, { finish: 'stop' });
    expect(contentOf(items).length).toBeGreaterThanOrEqual(FLOOD * 0.9);
  }, 60_000);

  it('lets a client that stopped reading leave', async () => {
    bench.upstream.next([role(), flood({ bytes: FLOOD }), finish('stop'), done()]);
    const stream = await openStream(bench.app.chatUrl, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data');
    stream.pause();
    const request = await bench.upstream.request(0);
    await standstill(request);
    stream.destroy();
    expect(await request.closed).toBe('aborted');
    await eventually(() => bench.app.get(WorkflowRunner).openRuns === 0, { message: 'the end of the run' });
  }, 30_000);
});
