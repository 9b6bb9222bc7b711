import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { UpstreamError } from '../../src/errors/index.js';
import { RunService } from '../../src/runs/index.js';
import { type ChatRefs, type Flow, type Ref, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { ReasoningWorkflow } from '../../src/workflows/reasoning/reasoning.workflow.js';
import { ParallelWorkflow } from '../fixtures/parallel.workflow.js';
import { TopicNode } from '../fixtures/topic.node.js';
import {
  Bench,
  makeWorkflowsModule,
  readPrompt,
  RecordingTracer,
  SpeakNode,
  type TestAppOptions,
} from '../support/bench.js';
import { assertCompletion, assertErrorEnded, eventually, readContent, standstill } from '../support/checks.js';
import { httpError, scriptCompletion, scriptStream, steps, tokens } from '../support/upstream/index.js';

@Injectable()
class JoinNode {
  process({ parts, length }: { parts: readonly string[]; length: number }): string {
    return `${parts.join('+')} (${length})`;
  }
}

@Workflow({ id: 'narrow', description: 'The same, one at a time', concurrency: 1 })
class NarrowWorkflow extends ParallelWorkflow {}

@Workflow({ id: 'join', description: 'Silent parallel branches, joined by code' })
class JoinWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const first = flow.node(SpeakNode, { messages, prompt: 'first' }, { key: 'first', silent: true });
    const second = flow.node(SpeakNode, { messages, prompt: 'second' }, { key: 'second', silent: true });
    const length = second.map((output) => output.length);
    return flow.node(JoinNode, { parts: first.map((output) => [output, 'x']), length });
  }
}

@Workflow({ id: 'routed', description: 'A decision of a model, and a branch for each' })
class RoutedWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const decision = flow.node(TopicNode, { messages });
    const intro = flow.node(SpeakNode, { messages, prompt: 'intro' }, { key: 'intro' });
    return flow.route(decision.get('topic'), {
      billing: (branch) => branch.node(SpeakNode, { messages, prompt: intro }, { key: 'answer' }),
      other: () => intro,
    });
  }
}

@Workflow({ id: 'nesting', description: 'Another workflow as a step' })
class NestingWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const inner = flow.workflow(RoutedWorkflow, { messages });
    const silent = flow.workflow(ParallelWorkflow, { messages }, { silent: true, after: [inner] });
    return flow.node(SpeakNode, { messages, prompt: silent }, { key: 'last' });
  }
}

@Workflow({ id: 'careful', description: 'A substitute for a failure' })
class CarefulWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const risky = flow.node(
      SpeakNode,
      { messages, prompt: 'risky' },
      {
        key: 'risky',
        silent: true,
        onError: (error) => `substitute for ${error instanceof UpstreamError ? error.code : error.message}`,
      },
    );
    return flow.node(SpeakNode, { messages, prompt: risky }, { key: 'next' });
  }
}

@Workflow({ id: 'cut', description: 'A nested workflow, and a step that needs it' })
class CutWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const considered = flow.workflow(ReasoningWorkflow, { messages });
    return flow.node(SpeakNode, { messages, prompt: considered.get('reply') });
  }
}

@Workflow({ id: 'silent', description: 'The output is the result of a branch of a nested workflow' })
class SilentWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const decision = flow.node(TopicNode, { messages });
    return flow.route(decision.get('topic'), {
      billing: () => decision.get('topic'),
      other: (branch) => branch.node(SpeakNode, { messages, prompt: 'x' }, { key: 'aside', silent: true }),
    });
  }
}

@Injectable()
class EnoughNode {
  async process(_input: void, context: TaskContext): Promise<string> {
    await Promise.resolve();
    context.stopWorkflow();
    return 'enough';
  }
}

@Workflow({ id: 'enough', description: 'Stops while another step waits to be let in', concurrency: 1 })
class EnoughWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const enough = flow.node(EnoughNode);
    flow.node(SpeakNode, { messages, prompt: 'too late' });
    return enough;
  }
}

const cleaned: string[] = [];

@Injectable()
class TidySpeakNode extends SpeakNode {
  cleanup({ request }: TaskContext): void {
    cleaned.push(`tidy ${request.model}`);
  }
}

@Injectable()
class MessyNode {
  process({ text: given }: { text: string }): string {
    if (given.includes('fail')) throw new Error('asked to');
    return given;
  }
  cleanup(): Promise<void> {
    cleaned.push('messy');
    return Promise.reject(new Error('cleanup itself fails'));
  }
}

@Workflow({ id: 'tidy', description: 'Nodes that clean up' })
class TidyWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const said = flow.node(TidySpeakNode, { messages, prompt: 'x' });
    return flow.node(MessyNode, { text: said });
  }
}

const EVERYTHING: Type<unknown>[] = [SpeakNode, TopicNode, JoinNode, TidySpeakNode, MessyNode, EnoughNode];

describe('the engine', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const start = async (workflows: Type<unknown>[], options: TestAppOptions = {}): Promise<Bench> =>
    (bench = await Bench.start({ imports: [makeWorkflowsModule(...workflows, ...EVERYTHING)], ...options }));
  const stream = (model: string) => bench.open({ model });

  it('runs steps that do not wait for one another in parallel, and lets them speak in declared order', async () => {
    const { upstream } = await start([ParallelWorkflow]);
    const hold = steps.gate();
    upstream.always((request) =>
      readPrompt(request) === 'first' ? scriptStream(['one', hold, ' more']) : scriptStream(readPrompt(request)),
    );
    const streamed = await stream('parallel');
    await streamed.until((item) => item.kind === 'data' && item.data.includes('one'));
    const [, second] = [await upstream.request(0), await upstream.request(1)];
    expect(await second.closed).toBe('finished');
    expect(readContent(streamed.items)).toBe('one');
    hold.open();
    assertCompletion(await streamed.collect(), { content: 'one more\n\nsecond\n\nthird', finish: 'stop' });
  });

  it('bounds what it keeps of steps that speak before their turn', async () => {
    const { upstream } = await start([ParallelWorkflow], {
      env: { RUN_ANSWER_LIMIT: '100mb', UPSTREAM_ANSWER_LIMIT: '100mb' },
    });
    const hold = steps.gate();
    const size = 24 * 1024 * 1024;
    upstream.always((request) =>
      readPrompt(request) === 'first'
        ? scriptStream(['one', hold])
        : [
            steps.role(),
            steps.flood({ bytes: readPrompt(request) === 'second' ? size : 10 }),
            steps.finish('stop'),
            steps.done(),
          ],
    );
    const streamed = await stream('parallel');
    const requests = [await upstream.request(0), await upstream.request(1)];
    const flooding = requests.find((request) => readPrompt(request) === 'second');
    const last = await standstill(() => flooding?.bytesWritten ?? 0, 'the upstream');
    expect(last).toBeLessThan(size * 0.75);
    hold.open();
    const items = await streamed.collect({ within: 20_000 });
    expect(readContent(items).length).toBeGreaterThan(size * 0.9);
  }, 40_000);

  it('runs no more nodes at a time than allowed, without a deadlock of nodes that wait for their turn', async () => {
    const { upstream } = await start([NarrowWorkflow]);
    upstream.always((request) => scriptStream(`${readPrompt(request)} ${'y'.repeat(100_000)}`, { pieces: 50 }));
    const items = await (await stream('narrow')).collect({ within: 10_000 });
    expect(readContent(items)).toMatch(/^first y+\n\nsecond y+\n\nthird y+$/);
    expect(upstream.mostOpen).toBe(1);
  });

  it('reports a silent output that was cut off, wherever it comes from', async () => {
    const { upstream } = await start([SilentWorkflow]);
    upstream.always((request) =>
      request.body.response_format !== undefined
        ? scriptCompletion({ topic: 'other' })
        : scriptStream('cut', { finish: 'length' }),
    );
    assertCompletion(await (await stream('silent')).collect(), { content: 'cut', finish: 'length' });
  });

  it('starts no step that was waiting when the workflow was stopped', async () => {
    const { upstream } = await start([EnoughWorkflow]);
    assertCompletion(await (await stream('enough')).collect(), { content: 'enough' });
    expect(upstream.requests).toHaveLength(0);
  });

  it('joins silent branches, with values mapped on the way', async () => {
    const { upstream } = await start([JoinWorkflow]);
    const both = steps.gate();
    upstream.always((request) => scriptStream([both, `${readPrompt(request)}!`]));
    const response = bench.ask({ model: 'join' });
    await eventually(() => both.arrivals === 2, { message: 'both calls at the same time' });
    both.open();
    expect((await response).json).toMatchObject({ choices: [{ message: { content: 'first!+x (7)' } }] });
  });

  it.each([
    ['billing', 'Hm.\n\nBill.', 'answer'],
    ['other', 'Hm.', undefined],
  ])('takes one branch of a route: %s', async (topic, content, node) => {
    const tracer = new RecordingTracer();
    const { upstream } = await start([RoutedWorkflow], { tracer });
    upstream.always((request) => {
      if (request.body.response_format !== undefined) return scriptCompletion({ topic });
      return scriptStream(readPrompt(request) === 'intro' ? 'Hm.' : 'Bill.');
    });
    assertCompletion(await (await stream('routed')).collect(), { content });
    tracer.assertAllClosed();
    const spans = tracer.traces[0]?.children.map(({ name }) => name) ?? [];
    expect(spans.includes(`route.billing.${node}`)).toBe(node !== undefined);
    expect(upstream.requests.length).toBe(node === undefined ? 2 : 3);
  });

  it('runs a workflow in a workflow: its text comes in its place, its usage counts, its trace is nested', async () => {
    const tracer = new RecordingTracer();
    const { upstream } = await start([RoutedWorkflow, ParallelWorkflow, NestingWorkflow], { tracer });
    upstream.always((request) => {
      if (request.body.response_format !== undefined)
        return scriptCompletion({ topic: 'billing' }, { usage: tokens(1, 1) });
      return scriptStream(readPrompt(request), { usage: tokens(1, 1) });
    });
    const streamed = await bench.open({ model: 'nesting', stream_options: { include_usage: true } });
    assertCompletion(await streamed.collect(), {
      content: 'intro\n\nintro\n\nthird',
      includeUsage: true,
      usage: { prompt_tokens: 7, completion_tokens: 7, total_tokens: 14 },
    });
    tracer.assertAllClosed();
    expect(tracer.traces).toHaveLength(1);
    const inner = tracer.traces[0]?.children.find(({ name }) => name === 'RoutedWorkflow');
    expect(inner?.children.map(({ name }) => name).sort()).toEqual(['TopicNode', 'intro', 'route.billing.answer']);
  });

  it('ends the siblings of a step that fails, and fails once', async () => {
    const tracer = new RecordingTracer();
    const { upstream } = await start([ParallelWorkflow], { tracer });
    upstream.always((request) =>
      readPrompt(request) === 'second' ? httpError(500, 'down') : [steps.role(), steps.text('one'), steps.stall()],
    );
    const streamed = await stream('parallel').catch((error: Error) => error.message);
    if (typeof streamed !== 'string') assertErrorEnded(await streamed.collect());
    const [first, second] = [await upstream.request(0), await upstream.request(1)];
    const sibling = readPrompt(first) === 'first' ? first : second;
    expect(await sibling.closed).toBe('aborted');
    await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
    tracer.assertAllClosed();
    expect(upstream.requests).toHaveLength(2);
    expect(tracer.spans('first')[0]?.ending).toMatchObject({
      level: 'WARNING',
      statusMessage: 'aborted: another step failed',
    });
    expect(tracer.traces[0]?.ending).toMatchObject({ level: 'ERROR' });
  });

  it("ends with the model's reason when a structured output is cut off, however deeply it is nested", async () => {
    const { upstream } = await start([CutWorkflow]);
    upstream.next(scriptStream('{"thinking":"Hm","reply":"It is', { finish: 'length' }));
    const items = await (await stream('cut')).collect();
    assertCompletion(items, { reasoning: 'Hm', content: 'It is', finish: 'length' });
  });

  it('continues with a substitute where a step has one', async () => {
    const { upstream } = await start([CarefulWorkflow]);
    upstream.always((request) =>
      readPrompt(request) === 'risky' ? httpError(500, 'down') : scriptStream(readPrompt(request)),
    );
    assertCompletion(await (await stream('careful')).collect(), { content: 'substitute for upstream_error' });
  });

  describe('cleans up every node that ran, once, the last one first', () => {
    it.each([
      ['at the end', 'fine', ['messy', 'tidy tidy']],
      ['after a failure', 'fail', ['messy', 'tidy tidy']],
    ])('%s', async (_, said, expected) => {
      cleaned.length = 0;
      const { upstream } = await start([TidyWorkflow]);
      upstream.next(scriptStream(said));
      await (await stream('tidy')).collect();
      await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
      expect(cleaned).toEqual(expected);
    });

    it('after the client has gone', async () => {
      cleaned.length = 0;
      const { upstream } = await start([TidyWorkflow]);
      upstream.next([steps.role(), steps.text('a'), steps.stall()]);
      const streamed = await stream('tidy');
      await streamed.until((item) => item.kind === 'data');
      streamed.destroy();
      await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
      expect(cleaned).toEqual(['tidy tidy']);
    });
  });
});
