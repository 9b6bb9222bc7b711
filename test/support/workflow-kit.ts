import { Injectable, Module, type Type } from '@nestjs/common';
import { type Message, ModelProvider } from '../../src/models/index.js';
import { agent, AgentStreamingNode, NodesModule } from '../../src/nodes/index.js';
import type { Deltas, TaskContext } from '../../src/workflow/index.js';

/** What a node that continues a conversation takes. */
export interface Conversation {
  readonly messages: readonly Message[];
}

/** What a {@link SpeakNode} takes. */
export interface Prompt extends Conversation {
  /** Put before the conversation as a system message, by which an upstream's script can tell the calls apart. */
  readonly prompt: string;
}

/** Passes on what a model says, asked with a prompt. */
@Injectable()
export class SpeakNode extends AgentStreamingNode<Prompt, string> {
  readonly agentConfig = agent({ modelProvider: ModelProvider.OPENAI, outputType: String });

  async *process({ messages, prompt }: Prompt, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    const asked: Message = { role: 'system', content: prompt };
    return yield* this.streamTextDeltas(this.agent.runStream({ messages: [asked, ...messages] }, context));
  }
}

/** The prompt in a recorded request of a {@link SpeakNode}. */
export function promptOf({ body }: { readonly body: { readonly messages: readonly unknown[] } }): string {
  return (body.messages[0] as { content: string }).content;
}

/** A module of a test's own workflows and nodes. */
export function workflowsModule(...providers: Type<unknown>[]): Type<unknown> {
  @Module({ imports: [NodesModule], providers })
  class TestWorkflowsModule {}
  return TestWorkflowsModule;
}
