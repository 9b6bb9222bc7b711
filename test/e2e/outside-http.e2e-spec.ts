import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock, IdSource, type Timer } from '../../src/kernel/index.js';
import { RunsModule, RunService } from '../../src/runs/index.js';
import { type RunRequest, WorkflowRegistry } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { startProcess } from '../support/process.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate, httpError } from '../support/upstream/steps.js';
import { ROOT } from '../support/places.js';

const DAY_MS = 86_400_000;

/** Runs a workflow for a summary once a day, and keeps the newest one. */
@Injectable()
class DailySummary implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('DailySummary');
  readonly #stopped = new AbortController();
  #timer: Timer | undefined;
  newest = '';

  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly runner: RunService,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  onApplicationBootstrap(): void {
    this.#plan();
  }

  onModuleDestroy(): void {
    this.#stopped.abort();
    this.#timer?.cancel();
  }

  async summarize(): Promise<void> {
    const { workflow } = this.registry.resolve('chat');
    const request: RunRequest = {
      model: workflow.id,
      messages: [{ role: 'user', content: 'Sum up the day.' }],
      parameters: {},
    };
    const options = { id: this.ids.runId(), signal: this.#stopped.signal };
    const { content, usage } = await this.runner.runToEnd(workflow, request, options);
    this.newest = content;
    this.#logger.log(`${content.length} characters, ${usage?.total_tokens ?? 'unknown'} tokens`);
  }

  #plan(): void {
    if (this.#stopped.signal.aborted) return;
    this.#timer = this.clock.after(DAY_MS, () => {
      void this.summarize()
        .catch((error: unknown) => this.#logger.warn(`No summary today: ${String(error)}`))
        .finally(() => this.#plan());
    });
  }
}

@Module({ imports: [RunsModule], providers: [DailySummary] })
class SummaryModule {}

describe('a workflow outside HTTP', () => {
  let bench: Bench;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    bench = await Bench.start({ imports: [SummaryModule], clock, env: { RUN_TIMEOUT_MS: '60000' } });
  });
  afterEach(() => bench.close());

  it('runs from any provider, again and again, also after a failure', async () => {
    const job = bench.app.get(DailySummary);
    bench.upstream
      .next(scriptStream(['A good', ' day.']))
      .next(httpError(500, 'down'))
      .next(scriptStream('Another one.'));
    clock.advance(DAY_MS);
    await eventually(() => job.newest === 'A good day.', { message: 'the first summary' });
    await nextPlanned();
    clock.advance(DAY_MS);
    await eventually(() => bench.upstream.requests.length === 2, { message: 'the second try' });
    await nextPlanned();
    clock.advance(DAY_MS);
    await eventually(() => job.newest === 'Another one.', { message: 'the third summary' });
  });

  it('fails with the error of the run, and ends with its signal', async () => {
    const job = bench.app.get(DailySummary);
    bench.upstream.next(httpError(429, 'slow down'));
    await expect(job.summarize()).rejects.toMatchObject({ name: expect.stringContaining('Error'), status: 429 });

    const hold = gate();
    bench.upstream.next(scriptStream(['Never', hold, ' ends']));
    const running = job.summarize();
    await hold.reached;
    job.onModuleDestroy();
    await expect(running).rejects.toMatchObject({ name: 'RunAbortedError' });
    expect(job.newest).toBe('');
  });

  it('is refused while the server shuts down', async () => {
    await bench.app.get(RunService).drain(0);
    await expect(bench.app.get(DailySummary).summarize()).rejects.toMatchObject({ code: 'server_shutting_down' });
  });

  it('runs in a script as the docs have it, also when the model is busy at first', async () => {
    await ensureServerIsBuilt();
    const docs = await readFile(join(ROOT, 'docs/writing-workflows.md'), 'utf8');
    const [, script = ''] = /^`summarize\.mjs`\n\n```js\n([^]*?)^```$/m.exec(docs) ?? [];
    bench.upstream.next(httpError(503, 'busy')).next(scriptStream(['A good', ' day.']));
    const env = { OPENAI_BASE_URL: bench.upstream.url, OPENAI_API_KEY: 'sk-test' };
    const child = await startProcess(['--input-type=module', '-e', script], { cwd: ROOT, env });
    try {
      expect([await child.exit, child.stderr, child.stdout]).toEqual([{ code: 0, signal: null }, '', 'A good day.\n']);
    } finally {
      await child.stop();
    }
  });

  it('is written in the docs as it is tested here', async () => {
    const [docs, source] = await Promise.all([
      readFile(join(ROOT, 'docs/writing-workflows.md'), 'utf8'),
      readFile(import.meta.filename, 'utf8'),
    ]);
    const [example] = /^const DAY_MS[^]*?^}$/m.exec(source) ?? [];
    expect(example).toContain('runToEnd');
    expect(docs).toContain(example);
  });

  /** Waits until the job has planned its next run. The previous run and its timers have ended by then. */
  async function nextPlanned(): Promise<void> {
    await eventually(() => clock.pending === 1 && bench.upstream.open === 0, { message: 'the next run to be planned' });
  }
});
