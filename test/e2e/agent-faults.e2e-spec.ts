import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { agent, type ChatRefs, type Flow, Workflow, type WorkflowLike } from 'millrace';
import { catchDefinitionError } from '../support/definition-error.js';
import { makeWorkflowsModule } from '../support/workflow-kit.js';

class Other {
  readonly value = 1;
}

describe('A workflow does not start', () => {
  const readFaults = async (type: Type<WorkflowLike>): Promise<string> => {
    Workflow({ id: 'faulty', description: '' })(type);
    return (await catchDefinitionError(makeWorkflowsModule(type))).message;
  };

  it('with an agent without configuration, or with invalid instructions', async () => {
    class Faulty {
      // @ts-expect-error agent() needs a configuration, which only code without types can leave out
      readonly bare = agent();
      readonly answer = agent({ instructions: 3 as unknown as string });
      define(flow: Flow, { messages }: ChatRefs) {
        const bare = flow.stream(this.bare, { messages });
        return flow.stream(this.answer, { messages }, { after: [bare] });
      }
    }
    const message = await readFaults(Faulty);
    expect(message).toContain(
      '[node_not_ready] workflow "faulty", step "bare": it has no configuration. Give agent() an object: {}.',
    );
    expect(message).toContain(
      'step "answer": its instructions are 3. Give a text, a function that makes one, or promptFile(…).',
    );
    expect(message).toContain('2 faults');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a model that is no text', { model: 3 }, "its model is 3. Give a text such as 'openai/gpt-5.4-mini', or a list"],
    [
      'a model with settings outside a list',
      { model: { model: 'openai' } },
      'stands in a list: [{ model, settings }].',
    ],
    ['a list of models with a gap', { model: ['openai', undefined] }, 'its model is undefined. Give a text'],
    ['settings that are none', { settings: 3 }, 'its settings are 3. Give an object: { temperature: 0 }.'],
    [
      'settings that are written for each call',
      { settings: { messages: [] } },
      'its settings have `messages`, which is written for each call. Leave it out.',
    ],
    [
      'such settings of a fallback',
      { model: ['openai', { model: 'openai/x', settings: { stream: false } }] },
      'its settings have `stream`, which is written for each call. Leave it out.',
    ],
    ['a group outside a list', { forward: 'tools' }, 'its forward is "tools". Give a list of: sampling, tools, '],
    [
      'a group that there is not',
      { forward: ['tool'] },
      'it forwards "tool", which is not a group of parameters. There are: ',
    ],
    ['a tool outside a list', { tools: Other }, 'its tools are a function. Give a list: [TheTool].'],
    [
      'a tool that is not there yet',
      { tools: [undefined] },
      'one of its tools is undefined. Name a class that extends AgentTool, or mcpServer(…). It is undefined where two files import each other',
    ],
    ['a tool that is an instance', { tools: [new Other()] }, 'one of its tools is an object. Name a class'],
    ['an output that is nothing', { output: null }, 'it is neither a class nor a schema. Give a class'],
    [
      'an output that is no schema',
      { output: {} },
      'it is neither a class nor a schema. Give a class with class-validator',
    ],
  ])('with %s', async (_, config, fault) => {
    class Faulty {
      readonly answer = agent(config as object);
      define(flow: Flow, { messages }: ChatRefs) {
        return flow.ask(this.answer, { messages });
      }
    }
    const message = await readFaults(Faulty);
    expect(message).toContain('[node_not_ready] workflow "faulty", step "answer": ');
    expect(message).toContain(fault);
  });
});
