import { Injectable, Module, type Type } from '@nestjs/common';
import type { Message } from '../../src/models/index.js';
import { AgentStreamingNode } from '../../src/nodes/index.js';
import { agent, Workflow, type WorkflowOptions } from '../../src/workflow/index.js';
import type { Agent, AgentInput, ChatRefs, Deltas, Flow, Ref, TaskContext } from '../../src/workflow/index.js';

/** The input of a node that continues a conversation. */
export interface ConversationInput {
  readonly messages: readonly Message[];
}

/** The input of a {@link SpeakNode}. */
interface SpeakInput extends ConversationInput {
  /** The system message before the conversation, by which an upstream's script distinguishes the calls. */
  readonly prompt: string;
}

/** Streams the output of a model for a prompt. */
@Injectable()
export class SpeakNode extends AgentStreamingNode<SpeakInput, string> {
  readonly agentConfig = agent({});

  async *process({ messages, prompt }: SpeakInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    const asked: Message = { role: 'system', content: prompt };
    return yield* this.streamTextDeltas(this.agent.runStream({ messages: [asked, ...messages] }, context));
  }
}

/** The prompt in a recorded request of a {@link SpeakNode}. */
export function readPrompt({ body }: { readonly body: { readonly messages: readonly unknown[] } }): string {
  return (body.messages[0] as { content: string }).content;
}

/** Makes a module of a test's own workflows and nodes. */
export function makeWorkflowsModule(...providers: Type<unknown>[]): Type<unknown> {
  @Module({ providers })
  class TestWorkflowsModule {}
  return TestWorkflowsModule;
}

/** Wires the workflow `test` of a {@link makeWiredModule}. */
export type Wire = (flow: Flow, request: ChatRefs) => Ref<unknown>;

/** Makes a module with the workflow `test`, wired by a function, and its nodes. */
export function makeWiredModule(wire: Wire, ...providers: Type<unknown>[]): Type<unknown> {
  return makeOptionsModule({}, wire, ...providers);
}

/** Makes such a module with options of the workflow. */
export function makeOptionsModule(
  options: Partial<WorkflowOptions>,
  wire: Wire,
  ...providers: Type<unknown>[]
): Type<unknown> {
  @Workflow({ id: 'test', description: 'Of the test', ...options })
  class TestWorkflow {
    define(flow: Flow, request: ChatRefs): Ref<unknown> {
      return wire(flow, request);
    }
  }
  return makeWorkflowsModule(TestWorkflow, ...providers);
}

/** The options of a module of one agent. */
export interface AgentModuleOptions {
  /** The workflow's id. Default: `test`. */
  readonly id?: string;
  /** The step's key. Default: `SpeakingNode`, or `SilentNode`. */
  readonly key?: string;
  /** The channel of each field of a structured output. Default: its JSON is the content. */
  readonly channels?: Readonly<Record<string, 'content' | 'reasoning'>>;
  /** False: the agent is silent, and its output is the response. Default: true. */
  readonly isVisible?: boolean;
  /** Providers of its tools. */
  readonly tools?: readonly Type<unknown>[];
  /** The variables of the agent's instructions. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Makes a module with a workflow of one agent. */
export function makeAgentModule<Output>(
  config: Agent<AgentInput, Output>,
  { id = 'test', key, channels, isVisible = true, tools = [], variables = {} }: AgentModuleOptions = {},
): Type<unknown> {
  @Workflow({ id, description: 'One agent' })
  class TestWorkflow {
    readonly agent = config;
    define(flow: Flow, { messages }: ChatRefs): Ref<unknown> {
      const input = { messages, ...variables };
      if (!isVisible) return flow.ask(this.agent, input, { key: key ?? 'SilentNode' });
      const options = { key: key ?? 'SpeakingNode' };
      return config.config.output === undefined
        ? flow.stream(this.agent as Agent<AgentInput, string>, input, options)
        : flow.stream(this.agent as Agent<AgentInput, object>, input, channels as object | undefined, options);
    }
  }
  return makeWorkflowsModule(TestWorkflow, ...tools);
}
