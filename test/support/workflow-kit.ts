import { Injectable, Module, type Type } from '@nestjs/common';
import { type Message, ModelProvider } from '../../src/models/index.js';
import { agent, type AgentConfig, AgentNode, AgentStreamingNode, NodesModule } from '../../src/nodes/index.js';
import {
  type RunRequest,
  type Deltas,
  type Flow,
  type Ref,
  type TaskContext,
  type Wiring,
  Workflow,
  WorkflowDefinition,
} from '../../src/workflow/index.js';

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

/** What an {@link agentModule} is beside its agent. */
export interface AgentModuleOptions {
  /** False: the agent works in silence, and its output is the answer. Default: true. */
  readonly speaks?: boolean;
  /** Providers of its tools. */
  readonly tools?: readonly Type<unknown>[];
  /** For the instructions of an agent that speaks. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A module with the workflow `test` of one agent, at the step `SpeakingNode` or `SilentNode`. */
export function agentModule<Output>(
  config: AgentConfig<Output>,
  { speaks = true, tools = [], variables = {} }: AgentModuleOptions = {},
): Type<unknown> {
  @Injectable()
  class SpeakingNode extends AgentStreamingNode<Conversation, Output> {
    readonly agentConfig = config;
    async *process(input: Conversation, context: TaskContext): AsyncGenerator<Deltas, Output, void> {
      return yield* this.streamTextDeltas(this.agent.runStream({ ...input, variables }, context));
    }
  }
  @Injectable()
  class SilentNode extends AgentNode<Conversation, Output> {
    readonly agentConfig = config;
    process(input: Conversation, context: TaskContext): Promise<Output> {
      return this.agent.run(input, context);
    }
  }
  @Workflow({ id: 'test', description: 'One agent' })
  class TestWorkflow extends WorkflowDefinition<RunRequest, Output> {
    define(flow: Flow, { messages }: Wiring<RunRequest>): Ref<Output> {
      return speaks ? flow.node(SpeakingNode, { messages }) : flow.node(SilentNode, { messages });
    }
  }
  return workflowsModule(TestWorkflow, SpeakingNode, SilentNode, ...tools);
}
