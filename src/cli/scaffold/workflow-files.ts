import type { WorkflowNames } from './workflow-names.js';

/** The files of a new workflow's folder, by name: a workflow of one node that speaks plain text, and the node's test. */
export function makeWorkflowFiles(names: WorkflowNames): ReadonlyMap<string, string> {
  return new Map([
    [`${names.id}.workflow.ts`, workflowFile(names)],
    [`${names.id}.node.ts`, nodeFile(names)],
    [`${names.id}.node.spec.ts`, specFile(names)],
  ]);
}

const workflowFile = ({ id, title, workflow, node }: WorkflowNames): string => `import {
  type RunRequest,
  type Flow,
  type Ref,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../workflow/index.js';
import { ${node} } from './${id}.node.js';

/** One node that answers the user in plain text. */
@Workflow({ id: '${id}', description: '${title}' })
export class ${workflow} extends WorkflowDefinition<RunRequest, string> {
  define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<string> {
    return flow.node(${node}, { messages });
  }
}
`;

const nodeFile = ({ node }: WorkflowNames): string => `import { Injectable } from '@nestjs/common';
import { type Message, ModelProvider } from '../../models/index.js';
import { agent, AgentStreamingNode } from '../../nodes/index.js';
import type { Deltas, TaskContext } from '../../workflow/index.js';

/** Answers the user, token by token. */
@Injectable()
export class ${node} extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig = agent({
    modelProvider: ModelProvider.OPENAI,
    outputType: String,
    instructions: 'You are a helpful assistant. Answer the user in plain text.',
  });

  async *process(
    { messages }: { messages: readonly Message[] },
    context: TaskContext,
  ): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context));
  }
}
`;

const specFile = ({ id, node }: WorkflowNames): string => `import { describe, expect, it } from '@jest/globals';
import { type ChatModel, type Message, type ModelCall, ModelProviders, type ModelResult } from '../../models/index.js';
import type { Delta } from '../../streaming/index.js';
import { TaskContext } from '../../workflow/index.js';
import { ${node} } from './${id}.node.js';

/** Says the given pieces, and remembers what it was asked. */
class FakeModel implements ChatModel {
  readonly calls: ModelCall[] = [];

  constructor(private readonly pieces: readonly string[]) {}

  async *stream(call: ModelCall): AsyncGenerator<readonly Delta[], ModelResult, void> {
    this.calls.push(call);
    for (const text of this.pieces) yield [{ type: 'content', text }];
    return { finishReason: 'stop' };
  }
}

describe('${node}', () => {
  it('passes on every piece, and returns the whole', async () => {
    const model = new FakeModel(['Hel', 'lo']);
    const providers = new ModelProviders({ openai: { chat: model, defaultModel: 'any-model', description: '' } });
    const messages: readonly Message[] = [{ role: 'user', content: 'Hi' }];
    const context = new TaskContext({ request: { model: '${id}', messages, parameters: {} } });

    const stream = new ${node}(providers).process({ messages }, context);
    expect(await stream.next()).toEqual({ done: false, value: [{ type: 'content', text: 'Hel' }] });
    expect(await stream.next()).toEqual({ done: false, value: [{ type: 'content', text: 'lo' }] });
    expect(await stream.next()).toEqual({ done: true, value: 'Hello' });
    expect(model.calls[0]?.messages.at(-1)).toEqual(messages[0]);
  });
});
`;
