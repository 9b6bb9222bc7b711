import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { AgentNode, AgentStreamingNode } from '../../src/nodes/index.js';
import {
  agent,
  type ChatRefs,
  type Deltas,
  type Flow,
  type ParameterGroup,
  type Ref,
  type TaskContext,
  Workflow,
} from '../../src/workflow/index.js';
import { Bench, makeWorkflowsModule, type ConversationInput } from '../support/bench.js';
import { assertValidError } from '../support/checks.js';
import { getJson } from '../support/client.js';
import { scriptStream } from '../support/upstream/index.js';

const ALL = ['sampling', 'tools', 'response_format', 'logprobs', 'modalities'] as const;
const MODEL = {} as const;

@Injectable()
class DecideNode {
  process({ messages }: ConversationInput): 'left' | 'right' {
    return messages.at(-1)?.content === 'left' ? 'left' : 'right';
  }
}

@Injectable()
class NoticeNode {
  process(): string {
    return 'Closed.';
  }
}

function findSpeaker(forward: readonly ParameterGroup[]) {
  @Injectable()
  class SpeakerNode extends AgentStreamingNode<ConversationInput, string> {
    readonly agentConfig = agent({ ...MODEL, forward });
    async *process(input: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
      return yield* this.streamTextDeltas(this.agent.runStream(input, context));
    }
  }
  return SpeakerNode;
}

@Injectable()
class SilentNode extends AgentNode<ConversationInput, string> {
  readonly agentConfig = agent({ ...MODEL, forward: ALL });
  process(input: ConversationInput, context: TaskContext): Promise<string> {
    return this.agent.run(input, context);
  }
}

const HeedingNode = findSpeaker(ALL);
const DroppingNode = findSpeaker(['sampling']);
const NODES = [DecideNode, NoticeNode, SilentNode, HeedingNode, DroppingNode];

type Wire = (flow: Flow, request: ChatRefs) => Ref<string>;

const route =
  (left: Wire, right: Wire): Wire =>
  (flow, request) =>
    flow.route(flow.node(DecideNode, { messages: request.messages }), {
      left: (branch) => left(branch, request),
      right: (branch) => right(branch, request),
    });
const wireHeeding: Wire = (flow, { messages }) => flow.node(HeedingNode, { messages });
const wireDropping: Wire = (flow, { messages }) => flow.node(DroppingNode, { messages });
const wireSilent: Wire = (flow, { messages }) => flow.node(SilentNode, { messages });
const wireNotice: Wire = (flow) => flow.node(NoticeNode);
const wireAfterText =
  (then: Wire): Wire =>
  (flow, request) => {
    wireHeeding(flow, request);
    return then(flow, request);
  };

interface Inner {
  define(flow: Flow, request: ChatRefs): Ref<string>;
}

function listWorkflows(wire: Wire, nested: (inner: Type<Inner>) => Wire = () => wire) {
  @Workflow({ id: 'inner', description: 'Inside another' })
  class InnerWorkflow {
    define(flow: Flow, request: ChatRefs): Ref<string> {
      return wire(flow, request);
    }
  }
  @Workflow({ id: 'test', description: 'Ways to go' })
  class TestWorkflow {
    define(flow: Flow, request: ChatRefs): Ref<string> {
      return nested(InnerWorkflow)(flow, request);
    }
  }
  return makeWorkflowsModule(InnerWorkflow, TestWorkflow, ...NODES);
}

describe('the parameters that a workflow with a route takes', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const start = async (...parameters: Parameters<typeof listWorkflows>) => {
    bench = await Bench.start({ imports: [listWorkflows(...parameters)] });
  };
  const readTaken = async () =>
    ((await getJson(`${bench.app.baseUrl}/models/test`)).json as { millrace: { takes: string[] } }).millrace.takes;

  it.each([
    ['all if each branch heeds them', route(wireHeeding, wireHeeding), ALL],
    ['what the branch that drops most heeds', route(wireHeeding, wireDropping), ['sampling']],
    ['the same in a route within a route', route(wireHeeding, route(wireHeeding, wireDropping)), ['sampling']],
    ['what is heeded on each way by one of the steps that speak', wireAfterText(route(wireHeeding, wireDropping)), ALL],
    [
      'what shapes text, if a branch answers by the result of a silent model',
      route(wireHeeding, wireSilent),
      ['sampling', 'response_format'],
    ],
    ['tools, which are an offer, beside a branch of code', route(wireHeeding, wireNotice), ['sampling', 'tools']],
    ['nothing where only code speaks', route(wireNotice, wireNotice), []],
  ] as const)('are %s', async (_, wire, groups) => {
    await start(wire);
    expect(await readTaken()).toEqual(groups);
  });

  it('are those of a nested workflow that has one', async () => {
    await start(
      route(wireHeeding, wireDropping),
      (inner) =>
        (flow, { messages }) =>
          flow.workflow(inner, { messages }),
    );
    expect(await readTaken()).toEqual(['sampling']);
  });

  it('are those of the result of a workflow that is silent', async () => {
    await start(
      route(wireHeeding, wireDropping),
      (inner) =>
        (flow, { messages }) =>
          flow.workflow(inner, { messages }, { silent: true }),
    );
    expect(await readTaken()).toEqual(['sampling']);
  });

  it.each([
    ['response_format', { response_format: { type: 'json_object' } }],
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['logprobs', { logprobs: true }],
    ['modalities', { modalities: ['text', 'audio'] }],
  ])('are refused before anything is asked: %s', async (param, parameters) => {
    await start(route(wireHeeding, wireDropping));
    for (const content of ['left', 'right']) {
      const { status, json } = await bench.ask({ model: 'test', messages: [{ role: 'user', content }], ...parameters });
      assertValidError(json);
      expect([status, json.error.param, json.error.code]).toEqual([400, param, 'unsupported_parameter']);
    }
    expect(bench.upstream.requests).toEqual([]);
  });

  it('are not refused if each branch heeds them', async () => {
    await start(route(wireHeeding, wireSilent));
    const response_format = { type: 'json_object' };
    for (const content of ['left', 'right']) {
      bench.upstream.next(scriptStream('{}'));
      const response = await bench.ask({ model: 'test', messages: [{ role: 'user', content }], response_format });
      expect(response.status).toBe(200);
    }
    expect(bench.upstream.requests.map(({ body }) => body.response_format)).toEqual([response_format, response_format]);
  });
});
