import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '../../../test/support/eventually.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { catchRejection } from '../../../test/support/rejection.js';
import { TaskContext } from '../../workflow/index.js';
import { AgentTool } from '../../workflow/index.js';
import { runTools, type ModelToolCall } from './run-tools.js';
import { Toolbox } from './toolbox.js';

/** Each call runs until the test ends it and ignores its signal. */
class SlowTool extends AgentTool<void> {
  readonly name = 'slow';
  readonly description = 'Takes its time';
  readonly argsType = undefined;
  readonly contexts: TaskContext[] = [];
  readonly ends: ((result: unknown) => void)[] = [];
  execute(_args: void, context: TaskContext): Promise<unknown> {
    this.contexts.push(context);
    return new Promise((resolve) => this.ends.push(resolve));
  }
}

const calls = (count: number): ModelToolCall[] =>
  Array.from({ length: count }, (_, index) => ({ id: `c${index}`, name: 'slow', arguments: '' }));

describe('runTools', () => {
  beforeAll(() => Logger.overrideLogger(false));
  const contextWith = (parts: { clock: FakeClock; signal?: AbortSignal }): TaskContext =>
    new TaskContext({ request: { model: 'm', messages: [], parameters: {} }, ...parts });

  it('runs eight tools at most at a time, and gives the results in the order of the calls', async () => {
    const tool = new SlowTool();
    const results = runTools(new Toolbox([tool]), calls(20), contextWith({ clock: new FakeClock() }));
    let mostAtWork = 0;
    for (let ended = 0; ended < 20; ended++) {
      await eventually(() => tool.ends.length === Math.min(20, ended + 8));
      mostAtWork = Math.max(mostAtWork, tool.ends.length - ended);
      tool.ends[ended]?.(ended);
    }
    expect(await results).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
    expect(mostAtWork).toBe(8);
  });

  it('gives up a tool that ignores its time limit', async () => {
    const clock = new FakeClock();
    const tool = new SlowTool();
    const results = runTools(new Toolbox([tool]), calls(1), contextWith({ clock }));
    await clock.advanceAsync(30_000);
    expect(tool.contexts[0]?.signal.aborted).toBe(true);
    await clock.advanceAsync(500);
    expect(await results).toEqual(['Error: the tool took longer than 30000 ms.']);
    expect(clock.pending).toBe(0);
  });

  it('ends with the run, and starts no waiting call', async () => {
    const clock = new FakeClock();
    const run = new AbortController();
    const tool = new SlowTool();
    const failure = catchRejection(
      runTools(new Toolbox([tool]), calls(20), contextWith({ clock, signal: run.signal })),
    );
    run.abort(new Error('the client has gone'));
    await clock.advanceAsync(500);
    expect(await failure).toEqual(new Error('the client has gone'));
    expect(tool.contexts).toHaveLength(8);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['a text', 'as it is', 'as it is'],
    ['an object', { a: [1] }, '{"a":[1]}'],
    ['nothing', undefined, 'null'],
    ['what JSON cannot hold', 1n, 'Error: the tool failed.'],
  ])('tells the model %s', async (_, result, told) => {
    const tool = new SlowTool();
    const results = runTools(new Toolbox([tool]), calls(1), contextWith({ clock: new FakeClock() }));
    tool.ends[0]?.(result);
    expect(await results).toEqual([told]);
  });

  it("passes the node's context on to the tool", async () => {
    const done: unknown[] = [];
    const context = new TaskContext({
      request: { model: 'm', messages: [], parameters: {} },
      metadata: new Map([['a', 1]]),
      output: (_node, key) => `output of ${key}`,
      onStop: () => done.push('stop'),
      onProgress: (message, data) => done.push([message, data]),
    });
    const tool = new SlowTool();
    const results = runTools(new Toolbox([tool]), calls(1), context);
    const [given] = tool.contexts;
    expect(given?.output(SlowTool, 'x')).toBe('output of x');
    expect(given?.metadata).toBe(context.metadata);
    given?.progress('half', 50);
    given?.stopWorkflow();
    expect(done).toEqual([['half', 50], 'stop']);
    tool.ends[0]?.('');
    await results;
  });
});
