import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { agent, type ChatRefs, type Flow, Workflow, type WorkflowLike } from 'millrace';
import { z } from 'zod';
import { catchDefinitionError } from '../support/definition-error.js';
import { makeWorkflowsModule } from '../support/workflow-kit.js';

describe('A workflow with agents in its fields', () => {
  describe('does not start', () => {
    const faultsOf = async (type: Type<WorkflowLike>): Promise<string> => {
      Workflow({ id: 'faulty', description: '' })(type);
      return (await catchDefinitionError(makeWorkflowsModule(type))).message;
    };

    it('with a field that is no agent', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly answer = { instructions: 'Answer.' } as never;
        define(flow: Flow, { messages }: ChatRefs) {
          const topic = flow.ask(this.topic, { messages });
          return flow.stream<{ messages: string }>(this.answer, { messages: topic }, { key: 'answer' });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[not_an_agent] workflow "faulty", node "answer": what it is to ask is no agent. Make it with agent({ … }) in a field of the workflow.',
      );
    });

    it('with an agent that is never used', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[unused_agent] workflow "faulty", node "topic": the agent in this field is never used. Wire it in define() with flow.ask(…) or flow.stream(…), or remove it.',
      );
    });

    it('with one agent twice under one key', async () => {
      class Faulty {
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages: flow.ask(this.answer, { messages }) });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[duplicate_node_key] workflow "faulty", node "answer": it stands in the workflow twice. Give one of the two a key: { key: … }.',
      );
    });

    it('with an agent that is in no field, unless the step has a key', async () => {
      class Faulty {
        define(flow: Flow, { messages }: ChatRefs) {
          const named = flow.ask(agent({}), { messages }, { key: 'named agent' });
          return flow.stream(agent({}), { messages: named });
        }
      }
      const message = await faultsOf(Faulty);
      expect(message).toContain(
        '[unnamed_agent] workflow "faulty", node "agent": its agent is in no field, so it has no name. Put the agent into a field of the workflow, or give the step a key: { key: … }.',
      );
      expect(message).toContain('one fault');
    });

    it('with a silent agent whose answer nobody uses', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          flow.ask(this.topic, { messages });
          return flow.stream(this.answer, { messages });
        }
      }
      expect(await faultsOf(Faulty)).toContain('[unused_node] workflow "faulty", node "topic": it says nothing');
    });

    it('with code in place that is a generator', async () => {
      class Faulty {
        define(flow: Flow) {
          // @ts-expect-error it does not compile; from JavaScript it comes all the same
          return flow.run('tick', {}, async function* () {
            yield await Promise.resolve({ type: 'content', text: 'tick' });
          });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[streaming_code] workflow "faulty", node "tick": its code is a generator',
      );
    });

    it('with a branch that adds its step to the flow around it', async () => {
      class Faulty {
        readonly yes = agent({});
        readonly no = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          const decision = flow.run('decide', { messages }, (values) => values.messages.length > 3);
          return flow.route(decision, {
            true: () => flow.stream(this.yes, { messages }),
            false: (branch) => branch.stream(this.no, { messages }),
          });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[outer_flow] workflow "faulty", node "yes": it is added to the flow around the branch "route.true"',
      );
    });

    it('with a ref in a text', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          const topic = flow.ask(this.topic, { messages });
          return flow.stream(this.answer, { messages: `Write about ${topic as unknown as string}` });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[ref_as_value] workflow "faulty": a ref is used as if it were its value',
      );
    });

    it('with an agent that is given no messages', async () => {
      class Faulty {
        readonly answer = agent({});
        define(flow: Flow) {
          return flow.stream(this.answer, {} as { messages: string });
        }
      }
      expect(await faultsOf(Faulty)).toContain(
        '[no_messages] workflow "faulty", node "answer": it is given no messages',
      );
    });

    it('with a schema that cannot be sent, or a model that is not configured', async () => {
      class Faulty {
        readonly topic = agent({ output: z.object({ all: z.record(z.string(), z.string()) }) });
        readonly answer = agent({ model: 'mistral/large' });
        define(flow: Flow, { messages }: ChatRefs) {
          const topic = flow.ask(this.topic, { messages });
          return flow.stream(this.answer, { messages: topic.map(() => 'x') });
        }
      }
      const message = await faultsOf(Faulty);
      expect(message).toMatch(/\[node_not_ready\] workflow "faulty", node "topic": The zod schema cannot describe/);
      expect(message).toMatch(
        /\[node_not_ready\] workflow "faulty", node "answer": its model provider "mistral" needs MISTRAL_API_KEY/,
      );
    });
  });
});
