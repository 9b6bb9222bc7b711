import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { IsString } from 'class-validator';
import { AgentNode, AgentStreamingNode } from '../../src/nodes/index.js';
import { RunService } from '../../src/runs/index.js';
import {
  agent,
  type ChatRefs,
  type Deltas,
  type Flow,
  type Ref,
  type TaskContext,
  Workflow,
} from '../../src/workflow/index.js';
import { Bench, type ConversationInput, makeWorkflowsModule, MetricsPage } from '../support/bench.js';
import { assertCompletion, assertErrorEnded, eventually, readChunks, readContent } from '../support/checks.js';
import { HELLO, postJson, WITH_EVENTS } from '../support/client.js';
import { scriptCompletion, scriptStream, steps } from '../support/upstream/index.js';

const cycle: { self?: unknown } = {};
cycle.self = cycle;

/** Values that JSON cannot hold, and the values that a client gets instead. */
const UNSPEAKABLE: Readonly<Record<string, { readonly value: unknown; readonly shown: unknown }>> = {
  'a BigInt': { value: { n: 12n }, shown: { n: '12' } },
  'a cycle': { value: cycle, shown: { self: '<circular>' } },
  'a toJSON that throws': {
    value: {
      toJSON: () => {
        throw new Error('No JSON');
      },
    },
    shown: '<not readable>',
  },
  'a getter that throws': {
    value: {
      get n(): never {
        throw new Error('No n');
      },
    },
    shown: { n: '<not readable>' },
  },
  'a revoked proxy': { value: makeRevokedProxy(), shown: '<not readable>' },
};

function makeRevokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Values that no node may yield, with their descriptions in the log. */
const NO_DELTAS: Readonly<Record<string, { readonly value: unknown; readonly described: string }>> = {
  'a plain string': { value: 'secret', described: 'a string of 6 characters' },
  'a text that is none': { value: { type: 'content', text: 5 }, described: "{ type: 'content', text: number }" },
  'a channel that there is not': {
    value: { type: 'contents', text: '' },
    described: "{ type: 'contents', text: string }",
  },
  'a call without arguments': {
    value: { type: 'tool-call', index: 0 },
    described: "{ type: 'tool-call', index: number }",
  },
  'a call far away': {
    value: { type: 'tool-call', index: 4e9, arguments: '' },
    described: "{ type: 'tool-call', index: number, arguments: string }",
  },
  'an array in a batch': { value: [[]], described: 'an array of 0 inside an array' },
  nothing: { value: undefined, described: 'a value of type undefined' },
};

/** The name of a value, in the last message. */
function readWish({ request }: TaskContext): string {
  const content = request.messages.at(-1)?.content;
  return typeof content === 'string' ? content : '';
}

/** Yields a model's first piece, and then the value that the last message names. */
@Injectable()
class OddNode extends AgentStreamingNode<ConversationInput, string> {
  readonly agentConfig = agent({});

  async *process({ messages }: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    const name = readWish(context);
    for await (const batch of this.agent.runStream({ messages }, context)) {
      yield batch;
      if (name in NO_DELTAS) yield NO_DELTAS[name]?.value as Deltas;
      // This is an ordinary delta, but its serialisation fails.
      if (name === 'logprobs') yield { type: 'content', text: 'x', logprobs: [{ logprob: 1n as unknown as number }] };
    }
    return '';
  }
}

@Workflow({ id: 'odd', description: 'A node that yields what is no delta' })
class OddWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(OddNode, { messages });
  }
}

@Workflow({ id: 'odd-and-silent', description: 'The same, and nobody hears it' })
class SilentOddWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(OddNode, { messages }, { silent: true });
  }
}

@Injectable()
class ProgressNode {
  process(_input: ConversationInput, context: TaskContext): string {
    const name = readWish(context);
    context.progress('Working', UNSPEAKABLE[name]?.value);
    return 'done';
  }
}

@Workflow({ id: 'progress', description: 'Tells of its progress what JSON cannot hold' })
class ProgressWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(ProgressNode, { messages });
  }
}

@Injectable()
class ResultNode {
  process(): unknown {
    return cycle;
  }
}

@Workflow({ id: 'no-json', description: 'A result that JSON cannot hold' })
class ResultWorkflow {
  define(flow: Flow): Ref<unknown> {
    return flow.node(ResultNode, undefined);
  }
}

/** Two places for runs; another client occupies one of them all the time. */
const ENV = { MAX_CONCURRENT_RUNS: '2', MAX_QUEUED_RUNS: '0', STREAM_DEBOUNCE_MS: '5' };

describe('a run that cannot be passed on to its reader', () => {
  let bench: Bench;
  /** The log entries: a line each, perhaps with a stack. */
  const errors: string[] = [];
  beforeEach(async () => {
    errors.length = 0;
    jest.spyOn(Logger.prototype, 'error').mockImplementation((...words) => void errors.push(words.join('\n')));
    bench = await Bench.start({
      env: ENV,
      imports: [
        makeWorkflowsModule(OddWorkflow, SilentOddWorkflow, OddNode, ProgressWorkflow, ProgressNode),
        makeWorkflowsModule(ResultWorkflow, ResultNode),
      ],
    });
  });
  afterEach(() => bench.close());

  /** Does some work while another stream is open, and checks that the stream continues and that no run is left. */
  const besideAnother = async (work: () => Promise<void>): Promise<void> => {
    const held = steps.gate();
    bench.upstream.next(scriptStream(['still', held, ' here']));
    const other = await bench.open();
    await other.until((item) => item.kind === 'data');
    try {
      await work();
    } finally {
      held.open();
    }
    const items = await other.collect();
    assertCompletion(items, { finish: 'stop' });
    expect(readContent(items)).toBe('still here');
    await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of all runs' });
    const page = await MetricsPage.of(bench.app.url);
    for (const gauge of ['millrace_open_runs', 'millrace_open_streams', 'millrace_paused_streams']) {
      expect([gauge, page.sum(gauge)]).toEqual([gauge, 0]);
    }
  };
  const bugs = (): readonly string[] => errors.filter((words) => words.includes('failed by a bug'));

  describe.each(Object.keys(NO_DELTAS))('because a node yields %s', (name) => {
    const messages = [{ role: 'user', content: name }];

    it('ends with an error in its stream', async () => {
      await besideAnother(async () => {
        bench.upstream.next([steps.role(), steps.text('Hi'), steps.stall()]);
        const stream = await bench.open({ model: 'odd', messages });
        const items = await stream.collect();
        expect(assertErrorEnded(items)).toMatchObject({ code: 'internal_error' });
        expect(readContent(items)).toBe('Hi');
        expect(await (await bench.upstream.request(1)).closed).toBe('aborted');
      });
    });

    it('is logged once, with what came from which step, and without its content', async () => {
      await besideAnother(async () => {
        bench.upstream.next([steps.role(), steps.text('Hi'), steps.stall()]);
        await (await bench.open({ model: 'odd', messages })).collect();
        expect(bugs()).toHaveLength(1);
        const described = NO_DELTAS[name]?.described ?? '-';
        expect(bugs()[0]).toContain(`The step "OddNode" of the workflow "odd" yielded ${described}`);
        expect(bugs().join()).not.toContain('secret');
      });
    });

    it.each(['odd', 'odd-and-silent'])('is answered with 500 where %s does not stream', async (model) => {
      await besideAnother(async () => {
        bench.upstream.next([steps.role(), steps.text('Hi'), steps.stall()]);
        const response = await bench.ask({ model, messages });
        expect(response).toMatchObject({ status: 500, json: { error: { code: 'internal_error' } } });
        expect(await (await bench.upstream.request(1)).closed).toBe('aborted');
      });
    });
  });

  it('ends with an error when a delta cannot be written, though a timer writes it', async () => {
    await besideAnother(async () => {
      bench.upstream.next([steps.role(), steps.text('Hi'), steps.stall()]);
      const messages = [{ role: 'user', content: 'logprobs' }];
      const stream = await bench.open({ model: 'odd', messages });
      expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'internal_error' });
      expect(await (await bench.upstream.request(1)).closed).toBe('aborted');
      expect(bugs()).toHaveLength(1);
      expect((await MetricsPage.of(bench.app.url)).sum('millrace_requests_total', { outcome: 'internal_error' })).toBe(
        1,
      );
    });
  });

  it('is answered with 500 if the whole completion cannot be written', async () => {
    await besideAnother(async () => {
      bench.upstream.next(scriptStream('Hi'));
      const messages = [{ role: 'user', content: 'logprobs' }];
      const response = await bench.ask({ model: 'odd', messages });
      expect(response).toMatchObject({ status: 500, json: { error: { code: 'internal_error' } } });
      expect(bugs()).toHaveLength(1);
    });
  });

  it.each(Object.entries(UNSPEAKABLE))('succeeds when a node reports %s as its progress', async (name, { shown }) => {
    const messages = [{ role: 'user', content: name }];
    await besideAnother(async () => {
      const stream = await bench.open({ model: 'progress', messages }, WITH_EVENTS);
      const items = await stream.collect();
      assertCompletion(items, { finish: 'stop' });
      const news = readChunks(items).flatMap((chunk) => ('millrace' in chunk ? [chunk.millrace] : []));
      expect(news).toContainEqual(expect.objectContaining({ type: 'node-progress', message: 'Working', data: shown }));
      expect((await bench.ask({ model: 'progress', messages }, WITH_EVENTS)).status).toBe(200);
    });
  });

  it('ends with an error when the result cannot be written as JSON', async () => {
    await besideAnother(async () => {
      const body = { model: 'no-json', messages: HELLO };
      expect(await postJson(bench.app.chatUrl, body)).toMatchObject({ status: 500 });
      expect(await postJson(bench.app.chatUrl, { ...body, stream: true })).toMatchObject({ status: 500 });
      expect(bugs().join()).toContain('The result of the workflow "no-json"');
    });
  });

  /** A single call of `push` cannot take this many arguments. */
  it.each([true, false])('takes 130,000 log probabilities of one whole completion (streamed: %s)', async (stream) => {
    const content = Array.from({ length: 130_000 }, () => ({ token: 'a', logprob: 0, bytes: null, top_logprobs: [] }));
    const choice = { index: 0, message: { content: 'a' }, logprobs: { content, refusal: null }, finish_reason: 'stop' };
    const whole = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [choice] };
    await besideAnother(async () => {
      bench.upstream.next([
        steps.headers(200, { 'content-type': 'application/json' }),
        steps.raw(JSON.stringify(whole)),
        steps.end(),
      ]);
      const body = { model: 'chat', messages: HELLO, logprobs: true, stream };
      const response = await postJson(bench.app.chatUrl, body);
      expect(response.status).toBe(200);
      expect(response.text.match(/"token":/g)).toHaveLength(130_000);
      expect(response.text.endsWith('data: [DONE]\n\n')).toBe(stream);
    });
  });
});

class Topic {
  @IsString() readonly topic: string;
  @IsString() readonly inside: string;
}

const TOPIC = { topic: 'said', inside: 'secret' };

/** Streams one field of its output. */
@Injectable()
class FieldNode extends AgentStreamingNode<ConversationInput, Topic> {
  readonly agentConfig = agent({ output: Topic });
  async *process({ messages }: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, Topic, void> {
    return yield* this.streamStructuredDeltas(this.agent.runStream({ messages }, context), { topic: 'content' });
  }
}

/** Streams its whole output, and returns more. */
@Injectable()
class RichNode extends AgentStreamingNode<ConversationInput, Topic> {
  readonly agentConfig = agent({ output: Topic });
  async *process({ messages }: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, Topic, void> {
    const topic = yield* this.streamStructuredDeltas(this.agent.runStream({ messages }, context));
    return Object.assign(topic, { secret: 'key' });
  }
}

@Injectable()
class WholeNode extends AgentStreamingNode<ConversationInput, Topic> {
  readonly agentConfig = agent({ output: Topic });
  async *process({ messages }: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, Topic, void> {
    return yield* this.streamStructuredDeltas(this.agent.runStream({ messages }, context));
  }
}

@Injectable()
class SilentTopicNode extends AgentNode<ConversationInput, Topic> {
  readonly agentConfig = agent({ output: Topic });
  process(input: ConversationInput, context: TaskContext): Promise<Topic> {
    return this.agent.run(input, context);
  }
}

@Workflow({ id: 'inner', description: 'One field is said; the result is what a silent node gave' })
class InnerWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<Topic> {
    const said = flow.node(FieldNode, { messages });
    return flow.node(SilentTopicNode, { messages }, { after: [said] });
  }
}

@Workflow({ id: 'outer', description: 'The same as a step, and two that say all that they give', separator: '\n---\n' })
class OuterWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<unknown> {
    const inner = flow.workflow(InnerWorkflow, { messages });
    const whole = flow.node(WholeNode, { messages }, { after: [inner] });
    return flow.node(RichNode, { messages }, { after: [whole] });
  }
}

describe('node events', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({
      imports: [makeWorkflowsModule(InnerWorkflow, OuterWorkflow, FieldNode, RichNode, WholeNode, SilentTopicNode)],
    });
  });
  afterEach(() => bench.close());

  const listNews = async (model: string): Promise<readonly Record<string, unknown>[]> => {
    const stream = await bench.open({ model }, WITH_EVENTS);
    return readChunks(await stream.collect()).flatMap((chunk) =>
      'millrace' in chunk ? [chunk.millrace as Record<string, unknown>] : [],
    );
  };

  it('show only those outputs of steps that the client has already read', async () => {
    const spoken = { topic: 'said', inside: 'said, too' };
    bench.upstream
      .next(scriptCompletion(TOPIC))
      .next(scriptCompletion(TOPIC))
      .next(scriptCompletion(spoken))
      .next(scriptCompletion(spoken));
    const news = await listNews('outer');
    const ends = news.filter(({ type }) => type === 'node-finished');
    expect(ends.map(({ node, output }) => [node, output])).toEqual([
      ['InnerWorkflow/FieldNode', undefined],
      ['InnerWorkflow/SilentTopicNode', undefined],
      ['InnerWorkflow', undefined],
      ['WholeNode', spoken],
      ['RichNode', undefined],
    ]);
    const { nodes } = news.at(-1) as { nodes: Record<string, { output?: unknown }> };
    expect(Object.entries(nodes).flatMap(([node, { output }]) => (output === undefined ? [] : [node]))).toEqual([
      'WholeNode',
    ]);
    expect(JSON.stringify(news)).not.toMatch(/secret|key"/);
  });

  it('report exactly one end of each step that has begun, also if the run fails inside a nested workflow', async () => {
    bench.upstream.next(scriptCompletion(TOPIC)).next(scriptStream('no JSON')).next(scriptStream('no JSON again'));
    const news = await listNews('outer');
    const ends = news.filter(({ type }) => type === 'node-finished' || type === 'node-failed');
    expect(ends.map(({ type, node, recovered }) => [type, node, recovered])).toEqual([
      ['node-finished', 'InnerWorkflow/FieldNode', undefined],
      ['node-failed', 'InnerWorkflow/SilentTopicNode', false],
      ['node-failed', 'InnerWorkflow', false],
    ]);
    expect(ends[2]).toMatchObject({ code: ends[1]?.['code'], message: ends[1]?.['message'] });
  });
});
