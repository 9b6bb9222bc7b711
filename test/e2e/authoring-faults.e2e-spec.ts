import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { agent, type ChatRefs, type Flow, type Ref, Workflow, type WorkflowLike } from 'millrace';
import { z } from 'zod';
import { catchDefinitionError } from '../support/definition-error.js';
import { makeWorkflowsModule } from '../support/workflow-kit.js';

describe('A workflow with agents in its fields', () => {
  describe('does not start', () => {
    const readFaults = async (type: Type<WorkflowLike>): Promise<string> => {
      Workflow({ id: 'faulty', description: '' })(type);
      return (await catchDefinitionError(makeWorkflowsModule(type))).message;
    };

    it('with a field that is not an agent', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly answer = { instructions: 'Answer.' } as never;
        define(flow: Flow, { messages }: ChatRefs) {
          const topic = flow.ask(this.topic, { messages });
          return flow.stream<{ messages: string }, string, object>(this.answer, { messages: topic }, { key: 'answer' });
        }
      }
      expect(await readFaults(Faulty)).toContain(
        '[not_an_agent] workflow "faulty", step "answer": what it asks is not an agent. Make it with agent({ … }) in a field of the workflow.',
      );
    });

    it.each([
      ['something else', { instructions: 'Answer.' }],
      ['nothing', undefined],
    ])('with a field that holds %s, by whose name the step is called', async (_, field) => {
      class Faulty {
        readonly answer = field as never;
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream<{ messages: string }, string, object>(this.answer, { messages: messages as never });
        }
      }
      expect(await readFaults(Faulty)).toContain(
        '[not_an_agent] workflow "faulty", step "answer": what it asks is not an agent.',
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
      expect(await readFaults(Faulty)).toContain(
        '[unused_agent] workflow "faulty", step "topic": the agent in this field is never used. Wire it in define() with flow.ask(…) or flow.stream(…), or remove it.',
      );
    });

    it('with one agent twice under one key', async () => {
      class Faulty {
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages: flow.ask(this.answer, { messages }) });
        }
      }
      expect(await readFaults(Faulty)).toContain(
        '[duplicate_node_key] workflow "faulty", step "answer": it is in the workflow twice. Give one of the two a key: { key: … }.',
      );
    });

    it('with code twice under one key, which is no option of flow.run()', async () => {
      class Faulty {
        define(flow: Flow, { messages }: ChatRefs) {
          const found = flow.run('look-up', { messages }, () => 'found');
          return flow.run('look-up', { found }, () => 'more');
        }
      }
      expect(await readFaults(Faulty)).toContain(
        '[duplicate_node_key] workflow "faulty", step "look-up": it is in the workflow twice. Give one of the two another key: flow.run(key, …).',
      );
    });

    it('with an agent that is in no field, unless the step has a key', async () => {
      class Faulty {
        define(flow: Flow, { messages }: ChatRefs) {
          const named = flow.ask(agent({}), { messages }, { key: 'named agent' });
          return flow.stream(agent({}), { messages: named });
        }
      }
      const message = await readFaults(Faulty);
      expect(message).toContain(
        '[unnamed_agent] workflow "faulty", step "agent": its agent is in no field that can be seen (a private #field and a getter cannot), so it has no name. Put it into a field: readonly answer = agent({ … }), or private readonly answer, or give the step a key: { key: … }.',
      );
      expect(message).toContain('one fault');
    });

    it('with an agent where no field gives it a name, and says where it is', async () => {
      const shared = agent({});
      class Listed {
        readonly agents = [shared];
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.agents[0] ?? shared, { messages });
        }
      }
      class Static {
        static readonly answer = shared;
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(Static.answer, { messages });
        }
      }
      class Getter {
        get answer() {
          return shared;
        }
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages });
        }
      }
      expect(await readFaults(Listed)).toContain(
        'its agent is inside the field "agents", so it has no name. Give each agent a field of its own, or give the step a key',
      );
      expect(await readFaults(Static)).toContain(
        'its agent is in the static field "answer", so it has no name. Put it into a field of the instance, without `static`, or',
      );
      expect(await readFaults(Getter)).toContain('(a private #field and a getter, such as "answer", cannot)');
    });

    it('with one agent in two fields', async () => {
      class Faulty {
        readonly answer = agent({});
        readonly again = this.answer;
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.again, { messages: flow.ask(this.answer, { messages }) });
        }
      }
      const message = await readFaults(Faulty);
      expect(message).toContain(
        '[shared_agent] workflow "faulty", step "answer": the fields "answer" and "again" hold one and the same agent. A step is called by ' +
          'its agent\'s field, so all of them would be "answer". Make an agent for each field with agent({ … }), or keep one',
      );
      expect(message).toContain('one fault');
    });

    it.each(['', ' ', 'a  b', ' a', 'a b\n', 'a\u0000', 'a\u202eb', 'a/b', 'x'.repeat(129)])(
      'with a step or branch that is called %j',
      async (name) => {
        class Faulty {
          define(flow: Flow) {
            const decision = flow.run('decide', {}, () => name);
            return flow.route<never, Record<string, string>>(decision as never, {
              [name]: (branch: Flow) => branch.run('answer', {}, () => ''),
              other: (branch: Flow) => branch.run(name, {}, () => ''),
            });
          }
        }
        const message = await readFaults(Faulty);
        const shown = JSON.stringify(name.slice(0, 64)).replace('\u202e', '\\u202e');
        expect(message).toContain(`${shown} cannot be the name of a step. Give it another name`);
        // The value of a branch has the same maximum length as a step's name.
        const branches = name.length > 128 ? [] : [`its branch ${shown} cannot be a part of the names of steps.`];
        expect(message).toContain(['[invalid_key] workflow "faulty", step "route', ...branches].join('": '));
        expect(message.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      },
    );

    it('with a silent agent whose output nobody uses', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          flow.ask(this.topic, { messages });
          return flow.stream(this.answer, { messages });
        }
      }
      expect(await readFaults(Faulty)).toContain('[unused_node] workflow "faulty", step "topic": it is silent, and');
    });

    it('with code in place that is a generator', async () => {
      class Faulty {
        define(flow: Flow) {
          // @ts-expect-error it does not compile, but JavaScript can pass it
          return flow.run('tick', {}, async function* () {
            yield await Promise.resolve({ type: 'content', text: 'tick' });
          });
        }
      }
      expect(await readFaults(Faulty)).toContain(
        '[streaming_code] workflow "faulty", step "tick": its code is a generator',
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
      expect(await readFaults(Faulty)).toContain(
        '[outer_flow] workflow "faulty", step "yes": it is added to the flow around the branch "route.true"',
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
      expect(await readFaults(Faulty)).toContain(
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
      expect(await readFaults(Faulty)).toContain(
        '[no_messages] workflow "faulty", step "answer": it is given no messages',
      );
    });

    it('with channels that do not fit the output', async () => {
      const refuse = async (channels: object): Promise<string> => {
        class Faulty {
          readonly think = agent({ output: z.object({ thinking: z.string(), reply: z.string() }) });
          define(flow: Flow, { messages }: ChatRefs) {
            return flow.stream(this.think, { messages }, channels);
          }
        }
        return readFaults(Faulty);
      };
      const place = '[invalid_channels] workflow "faulty", step "think"';
      expect(await refuse({ replay: 'content' })).toContain(
        `${place}: it streams the field "replay", which its output does not have. Name fields of the output: thinking, reply.`,
      );
      expect(await refuse({ reply: 'contents' })).toContain(
        `${place}: it streams the field "reply" in the channel "contents", which does not exist. Use one of content, reasoning, refusal.`,
      );
      expect(await refuse({ thinking: 'content', reply: 'content' })).toContain(
        `${place}: it streams the fields "thinking" and "reply" in one channel`,
      );
    });

    it('with unknown or invalid step options', async () => {
      class Faulty {
        readonly topic = agent({});
        readonly think = agent({ output: z.object({ reply: z.string() }) });
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          // Code without types can pass such options.
          const untyped = flow as unknown as Readonly<Record<keyof Flow, (...parameters: unknown[]) => Ref<'a'>>>;
          untyped.ask(this.topic, { messages }, { efect: true });
          untyped.run('count', { messages }, () => 1, { key: 'counted', effect: 'yes' });
          const think = untyped.stream(this.think, { messages }, { reply: 'content' }, { after: messages });
          untyped.route(
            think,
            { a: (branch: Flow) => branch.run('x', {}, () => 'a') },
            { silent: true, key: 'choice' },
          );
          return untyped.stream(this.answer, { messages }, undefined, { key: 'reply', onError: 'Sorry.' });
        }
      }
      const message = await readFaults(Faulty);
      for (const line of [
        'step "topic": it has the option "efect", which does not exist. flow.ask takes key, after, onError, effect, onInterruption.',
        'step "count": it has the option "key", which does not exist. flow.run takes after, onError, effect, onInterruption.',
        'step "count": its option "effect" is "yes". Give true or false, or leave it out.',
        'step "think": its option "after" is a ref. Give a list of refs: { after: [ref] }, or leave it out.',
        'step "choice": it has the option "silent", which does not exist. flow.route takes key, after.',
        'step "answer": it has a fourth parameter, which has no effect: an agent that gives text has no channels. ' +
          'Give the options as the third: flow.stream(agent, input, options).',
      ]) {
        expect(message).toContain(`[invalid_options] workflow "faulty", ${line}`);
      }
    });

    it('with options that are no object', async () => {
      class Faulty {
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages }, 'answer' as never);
        }
      }
      expect(await readFaults(Faulty)).toContain(
        '[invalid_options] workflow "faulty", step "answer": its options are "answer", but they are an object. flow.stream takes key, after, onError, onInterruption.',
      );
    });

    it('with options of @Workflow that nobody reads, or that are of another form', async () => {
      class Faulty {
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages });
        }
      }
      const given = { id: 'faulty', alias: ['x'], aliases: 'y', schedules: 3, background: null, separator: 3 };
      Workflow(given as never)(Faulty);
      const { message } = await catchDefinitionError(makeWorkflowsModule(Faulty));
      for (const line of [
        'it has the option "alias", which does not exist. @Workflow takes id, aliases, description, ',
        'its option "aliases" is "y". Give a list of names, each a text or { id, streamByDefault }, or leave it out.',
        'its option "schedules" is 3. Give a list: [{ name, pattern, timezone, input }], or leave it out.',
        'its option "background" is null. Give an object: { concurrency, retries, retryDelay }, or leave it out.',
        'its option "separator" is 3. Give a text, or leave it out.',
      ]) {
        expect(message).toContain(`[invalid_options] workflow "faulty": ${line}`);
      }
      expect(message).toContain('5 faults');
    });

    it.each([[undefined], [{}], [{ description: 'x' }]])('without an id: %j', async (given) => {
      class NamelessWorkflow {
        readonly answer = agent({});
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages });
        }
      }
      Workflow(given as never)(NamelessWorkflow);
      const { message } = await catchDefinitionError(makeWorkflowsModule(NamelessWorkflow));
      expect(message).toContain(
        `[invalid_name] workflow "NamelessWorkflow": it has no id, which clients would ask for. Give it one: @Workflow({ id: 'my-flow', description: '…' }).`,
      );
    });

    it.each([
      ['gpt-5.4-mini', 'openai/gpt-5.4-mini'],
      ['claude-5', 'anthropic/claude-5'],
      ['OpenAI/gpt-5.4', 'openai/gpt-5.4'],
      ['meta-llama/llama-4', 'openai/meta-llama/llama-4'],
    ])('with the model %s, and suggests the right name', async (model, meant) => {
      class Faulty {
        readonly answer = agent({ model: model as 'openai' });
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.answer, { messages });
        }
      }
      expect(await readFaults(Faulty)).toContain(
        `step "answer": its model "${model}" begins with no model provider. Did you mean "${meant}"? There are: openai, `,
      );
    });

    it('with faults inside faults, which are indented and not counted', async () => {
      const open = z.record(z.string(), z.string());
      class Faulty {
        readonly topic = agent({ output: z.object({ one: open, two: open }) });
        define(flow: Flow, { messages }: ChatRefs) {
          return flow.stream(this.topic, { messages });
        }
      }
      const [title = '', first = '', ...inside] = (await readFaults(Faulty)).split('\n');
      expect(title).toContain('one fault');
      expect(first).toMatch(/^ {2}- \[node_not_ready\] .*: 2 faults\. Correct the agent\.$/);
      expect(inside).toEqual([expect.stringMatching(/^ {6}- one/), expect.stringMatching(/^ {6}- two/)]);
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
      const message = await readFaults(Faulty);
      expect(message).toMatch(/\[node_not_ready\] workflow "faulty", step "topic": The zod schema cannot describe/);
      expect(message).toMatch(
        /\[node_not_ready\] workflow "faulty", step "answer": its model provider "mistral" needs MISTRAL_API_KEY/,
      );
    });
  });
});
