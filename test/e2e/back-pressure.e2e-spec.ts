import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { RunService } from '../../src/runs/index.js';
import {
  type Deltas,
  type Flow,
  type Ref,
  type TaskContext,
  Workflow,
  type WorkflowNode,
} from '../../src/workflow/index.js';
import { Bench, makeWorkflowsModule } from '../support/bench.js';
import { assertCompletion, eventually, readChunks, readContent, standstill } from '../support/checks.js';
import { steps } from '../support/upstream/index.js';
import { collectGarbage } from '../support/collect-garbage.js';

const MIB = 1024 * 1024;
const FLOOD = 64 * MIB;

/** Memory in use after a garbage collection, in bytes. */
function memoryInUse(): number {
  collectGarbage();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

const REPORTS = 100_000;
const REPORT = { text: 'x'.repeat(1_000) };

/** Starts when it is allowed to, and then reports progress endlessly. */
@Injectable()
class BusyNode {
  static begin: Promise<void>;

  async process(_input: void, context: TaskContext): Promise<string> {
    await BusyNode.begin;
    for (let n = 1; n <= REPORTS; n++) {
      context.progress('Working', { n, ...REPORT });
      if (n % 500 === 0) await turn();
    }
    return 'done';
  }
}

@Workflow({ id: 'busy', description: 'A node with much to report' })
class BusyWorkflow {
  define(flow: Flow): Ref<string> {
    return flow.node(BusyNode, undefined);
  }
}

const PIECE = 'x'.repeat(1_000);

/** Yields data from memory without ever waiting. */
@Injectable()
class ReciteNode implements WorkflowNode<void, string> {
  static begin: Promise<void>;
  static said = 0;

  async *process(): AsyncGenerator<Deltas, string, void> {
    await ReciteNode.begin;
    for (ReciteNode.said = 0; ReciteNode.said < FLOOD; ReciteNode.said += PIECE.length) {
      yield { type: 'content', text: PIECE };
    }
    return '';
  }
}

@Workflow({ id: 'recite', description: 'A node that never waits' })
class ReciteWorkflow {
  define(flow: Flow): Ref<string> {
    return flow.node(ReciteNode, undefined);
  }
}

describe('back-pressure', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({
      env: { RUN_ANSWER_LIMIT: '200mb', UPSTREAM_ANSWER_LIMIT: '100mb', STREAM_OPEN_GRACE_MS: '10' },
      imports: [makeWorkflowsModule(BusyWorkflow, BusyNode, ReciteWorkflow, ReciteNode)],
    });
  });
  afterEach(() => bench.close());

  it('stops reading the upstream while the client does not read, and continues when it does', async () => {
    bench.upstream.next([steps.role(), steps.flood({ bytes: FLOOD }), steps.finish('stop'), steps.done()]);
    const stream = await bench.open();
    await stream.until((item) => item.kind === 'data');
    stream.pause();
    const request = await bench.upstream.request(0);
    const before = memoryInUse();
    const written = await standstill(() => request.bytesWritten, 'the upstream');
    const after = memoryInUse();
    // The kernel's socket buffers on both sides hold less than half; the upstream still has the rest.
    expect(written).toBeLessThan(FLOOD / 2);
    expect(after - before).toBeLessThan(24 * MIB);

    stream.resume();
    const items = await stream.collect({ within: 30_000 });
    assertCompletion(items, { finish: 'stop' });
    expect(readContent(items).length).toBeGreaterThanOrEqual(FLOOD * 0.9);
  }, 60_000);

  it('lets a client that stopped reading leave', async () => {
    bench.upstream.next([steps.role(), steps.flood({ bytes: FLOOD }), steps.finish('stop'), steps.done()]);
    const stream = await bench.open();
    await stream.until((item) => item.kind === 'data');
    stream.pause();
    const request = await bench.upstream.request(0);
    await standstill(() => request.bytesWritten, 'the upstream');
    stream.destroy();
    expect(await request.closed).toBe('aborted');
    await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
  }, 30_000);

  it('keeps only the newest report of progress while the client does not read', async () => {
    let begin = (): void => undefined;
    BusyNode.begin = new Promise<void>((resolve) => (begin = resolve));
    const stream = await bench.open({ model: 'busy' }, { 'millrace-events': 'true' });
    stream.pause();
    const before = memoryInUse();
    begin();
    await eventually(() => bench.app.get(RunService).openRuns === 0, { within: 30_000, message: 'the end' });
    expect(memoryInUse() - before).toBeLessThan(24 * MIB);

    stream.resume();
    const items = await stream.collect({ within: 30_000 });
    assertCompletion(items, { finish: 'stop' });
    const news = readChunks(items).flatMap((chunk) =>
      'millrace' in chunk ? [chunk.millrace as { type: string; seq: number; data?: { n: number } }] : [],
    );
    const reports = news.filter(({ type }) => type === 'node-progress').map(({ data }) => data?.n);
    expect(reports.length).toBeLessThan(REPORTS / 4);
    expect(reports.at(-1)).toBe(REPORTS);
    const numbers = news.map(({ seq }) => seq);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(news.map(({ type }) => type).lastIndexOf('node-progress')).toBeLessThan(
      news.map(({ type }) => type).indexOf('node-finished'),
    );
  }, 60_000);

  it('holds back a node that never waits for anything', async () => {
    let begin = (): void => undefined;
    ReciteNode.begin = new Promise<void>((resolve) => (begin = resolve));
    const stream = await bench.open({ model: 'recite' });
    stream.pause();
    begin();
    const last = await standstill(() => ReciteNode.said, 'the node');
    // The kernel's socket buffers hold less than half.
    expect(last).toBeLessThan(FLOOD / 2);

    stream.resume();
    const items = await stream.collect({ within: 30_000 });
    assertCompletion(items, { finish: 'stop' });
    expect(readContent(items)).toHaveLength(ReciteNode.said);
  }, 60_000);
});
