import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { AgentNode, AgentStreamingNode } from '../../src/nodes/index.js';
import { agent, type ChatRefs, type Deltas, type Flow, type Ref, type TaskContext, Workflow } from 'millrace';
import {
  Bench,
  type ConversationInput,
  makeWorkflowsModule,
  RecordingTracer,
  type TestAppOptions,
} from '../support/bench.js';
import { assertCompletion, type SseItem } from '../support/checks.js';
import { HELLO, openStream, postJson } from '../support/client.js';
import { catchDefinitionError } from '../support/definition-error.js';
import { scriptCompletion, scriptStream, tokens } from '../support/upstream/index.js';

class City {
  @IsString() readonly name: string;
  @IsInt() readonly population: number;
}

@Injectable()
class CityNode extends AgentNode<ConversationInput, City> {
  readonly agentConfig = agent({
    model: 'openai/small',
    output: City,
    settings: { temperature: 0.2 },
  });
  process(input: ConversationInput, context: TaskContext): Promise<City> {
    return this.agent.run(input, context);
  }
}

@Injectable()
class LabelNode {
  process({ city, prefix }: { city: City; prefix: string }): string {
    return `${prefix}${city.name} (${city instanceof City ? 'a City' : 'something else'})`;
  }
}

@Injectable()
class TellNode extends AgentStreamingNode<ConversationInput & { label: string }, string> {
  readonly agentConfig = agent({});
  async *process(
    { messages, label }: ConversationInput & { label: string },
    context: TaskContext,
  ): AsyncGenerator<Deltas, string, void> {
    yield { type: 'content', text: `${label}: ` };
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context));
  }
}

@Injectable()
class StopNode {
  process(_input: { city: City }, context: TaskContext): string {
    context.stopWorkflow();
    return 'stopped here';
  }
}

@Injectable()
class BrokenNode {
  process(): string {
    throw new TypeError('secret detail of a bug');
  }
}

/** All nodes are silent, so the result is the output. */
@Workflow({ id: 'city', description: 'An object' })
class CityWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<City> {
    return flow.node(CityNode, { messages });
  }
}

@Workflow({ id: 'label', description: 'A string' })
class LabelWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(LabelNode, { city: flow.node(CityNode, { messages }), prefix: '-> ' });
  }
}

@Workflow({ id: 'tell', description: 'Silent, code, and a speaking node', separator: ' | ' })
class TellWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const label = flow.node(LabelNode, { city: flow.node(CityNode, { messages }), prefix: '' });
    const aside = flow.node(TellNode, { messages, label: 'aside' }, { key: 'aside', silent: true, after: [label] });
    const first = flow.node(TellNode, { messages, label }, { key: 'first', after: [aside] });
    return flow.node(TellNode, { messages, label: first }, { key: 'second' });
  }
}

@Workflow({ id: 'stop', description: 'Ends early' })
class StopWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const stop = flow.node(StopNode, { city: flow.node(CityNode, { messages }) });
    flow.node(BrokenNode, undefined, { after: [stop], effect: true });
    return stop;
  }
}

@Workflow({ id: 'broken', description: 'Has a bug' })
class BrokenWorkflow {
  define(flow: Flow): Ref<string> {
    return flow.node(BrokenNode);
  }
}

describe('workflows of an application developer', () => {
  let bench: Bench | undefined;
  afterEach(async () => {
    await bench?.close();
    bench = undefined;
  });
  const start = async (providers: Type<unknown>[], options: TestAppOptions = {}): Promise<Bench> =>
    (bench = await Bench.start({ imports: [makeWorkflowsModule(...providers)], ...options }));

  it('answer with their result if no step is visible: an object as JSON, a string as it is', async () => {
    const { app, upstream } = await start([CityWorkflow, LabelWorkflow, CityNode, LabelNode]);
    upstream.always(scriptCompletion({ name: 'Ulm', population: 126_000 }, { usage: tokens(5, 6) }));
    const object = await postJson(app.chatUrl, {
      model: 'city',
      messages: HELLO,
      temperature: 1,
    });
    expect(object.json).toMatchObject({
      choices: [{ message: { content: '{"name":"Ulm","population":126000}' }, finish_reason: 'stop' }],
      usage: { total_tokens: 11 },
    });
    expect(upstream.requests[0]?.body).toMatchObject({ model: 'small', temperature: 0.2 });

    const stream = await openStream(app.chatUrl, { model: 'label', stream: true, messages: HELLO });
    assertCompletion(await stream.collect(), { content: '-> Ulm (a City)' });
  });

  /** Runs a workflow with two silent steps, a silent one beside them, and two visible ones. */
  async function tell(): Promise<{ readonly tracer: RecordingTracer; readonly items: readonly SseItem[] }> {
    const tracer = new RecordingTracer();
    const { app, upstream } = await start([TellWorkflow, CityNode, LabelNode, TellNode], { tracer });
    upstream
      .next(scriptCompletion({ name: 'Ulm', population: 1 }))
      .next(scriptStream('hidden words'))
      .next(scriptStream('one'))
      .next(scriptStream('two'));
    const stream = await openStream(app.chatUrl, {
      model: 'tell',
      stream: true,
      messages: HELLO,
      user: 'ada\n',
      metadata: { session_id: 's-1', plan: 'gold' },
    });
    return { tracer, items: await stream.collect() };
  }

  it('send the text of visible steps in order, separated, and nothing of silent steps', async () => {
    const { items } = await tell();
    assertCompletion(items, { content: 'Ulm (a City): one | one: two' });
  });

  it('are traced with all steps and model calls, the caller and the output', async () => {
    const { tracer } = await tell();
    tracer.assertAllClosed();
    expect(tracer.traces[0]?.toString()).toBe(
      [
        'trace tell (ended)',
        '  span CityNode (ended)',
        '    generation small (ended)',
        '  span LabelNode (ended)',
        '  span aside (ended)',
        '    generation gpt-5.4-mini (ended)',
        '  span first (ended)',
        '    generation gpt-5.4-mini (ended)',
        '  span second (ended)',
        '    generation gpt-5.4-mini (ended)',
      ].join('\n'),
    );
    expect(tracer.traces[0]?.start).toMatchObject({
      name: 'tell',
      userId: 'ada',
      sessionId: 's-1',
      metadata: { plan: 'gold', model: 'tell' },
    });
    expect(tracer.traces[0]?.ending?.output).toBe('Ulm (a City): one | one: two');
    for (const generation of tracer.generations()) {
      expect(generation.firstTokens).toBe(1);
      expect(generation.ending?.usage?.total_tokens).toBeGreaterThan(0);
    }
  });

  it('can end early', async () => {
    const { app, upstream } = await start([StopWorkflow, CityNode, StopNode, BrokenNode]);
    upstream.next(scriptCompletion({ name: 'Ulm', population: 1 }));
    const { json } = await postJson(app.chatUrl, { model: 'stop', messages: HELLO });
    expect(json).toMatchObject({ choices: [{ message: { content: 'stopped here' } }] });
  });

  it('keep the details of a bug to themselves', async () => {
    const tracer = new RecordingTracer();
    const { app } = await start([BrokenWorkflow, BrokenNode], { tracer });
    const response = await postJson(app.chatUrl, { model: 'broken', messages: HELLO });
    expect([response.status, response.headers['x-should-retry']]).toEqual([500, 'false']);
    expect(response.text).not.toContain('secret');
    tracer.assertAllClosed();
    expect(tracer.traces[0]?.ending?.level).toBe('ERROR');
  });

  describe('do not start when they are wired wrongly', () => {
    const listFaults = async (...providers: Type<unknown>[]): Promise<readonly string[]> => {
      const failure = await catchDefinitionError(makeWorkflowsModule(...providers));
      return failure.faults.map(({ code, workflow, node }) => [code, workflow, node].filter(Boolean).join(' '));
    };

    class Undecorated {}
    @Injectable()
    class BadOutputNode extends AgentNode<ConversationInput, Undecorated> {
      readonly agentConfig = agent({ output: Undecorated });
      process(input: ConversationInput, context: TaskContext): Promise<Undecorated> {
        return this.agent.run(input, context);
      }
    }
    class OrderService {}
    @Injectable()
    class NeedyNode {
      constructor(readonly orders: OrderService) {}
      process({ city }: { city: City }): string {
        return city.name;
      }
    }
    let foreign: Ref<City>;
    @Workflow({ id: 'one', description: '', aliases: ['chat', 'not a name'] })
    class FirstWorkflow {
      define(flow: Flow, { messages }: ChatRefs): Ref<City> {
        return (foreign = flow.node(CityNode, { messages }));
      }
    }
    @Workflow({ id: 'two', description: '' })
    class SecondWorkflow {
      define(flow: Flow, { messages }: ChatRefs): Ref<string> {
        flow.node(BadOutputNode, { messages });
        flow.node(StopNode, { city: foreign });
        flow.node(NeedyNode, { city: foreign }, { effect: true });
        return flow.node(StopNode, { city: foreign });
      }
    }
    @Workflow({ id: 'three', description: '' })
    class ThirdWorkflow {
      define(): Ref<string> {
        throw new Error('no wiring today');
      }
    }
    @Workflow({ id: 'four', description: '' })
    class FourthWorkflow {
      define(_flow: Flow, { messages }: ChatRefs): Ref<ConversationInput['messages']> {
        return messages;
      }
    }
    class FifthWorkflow {}
    // @ts-expect-error without define() it does not compile, but JavaScript can pass it
    Workflow({ id: 'five', description: '' })(FifthWorkflow);

    it('and all faults of all workflows are listed, by code, workflow and node', async () => {
      const providers = [
        FirstWorkflow,
        SecondWorkflow,
        ThirdWorkflow,
        FourthWorkflow,
        FifthWorkflow,
        CityNode,
        StopNode,
        BadOutputNode,
      ];
      expect(await listFaults(...providers)).toEqual([
        'duplicate_workflow_id one',
        'invalid_name one',
        'node_not_ready two BadOutputNode',
        'foreign_ref two StopNode',
        'foreign_ref two NeedyNode',
        'node_not_provided two NeedyNode',
        'duplicate_node_key two StopNode',
        'foreign_ref two StopNode',
        'define_failed three',
        'no_nodes four',
        'not_a_workflow five',
      ]);
    });
  });
});
