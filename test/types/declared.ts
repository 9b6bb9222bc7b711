/** Classes and agents that the type tests wire and compare. */
import { IsString } from 'class-validator';
import {
  type Agent,
  agent,
  type AgentInput,
  AgentNode,
  AgentStreamingNode,
  type Deltas,
  Describe,
  type Message,
  type TaskContext,
} from 'millrace';

export class Decision {
  @IsString() @Describe('What is done') readonly kind: 'close' | 'reply';
  @IsString() readonly why: string;
}

export class Think {
  @IsString() readonly thinking: string;
  @IsString() readonly reply: string;
}

export const decide = agent({ output: Decision });
export const say = agent({ instructions: ({ tone }: { tone: string }) => tone });
export const plain = agent({ instructions: 'Answer.' });
export const think = agent({ output: Think });

export declare class DraftNode extends AgentStreamingNode<{ messages: readonly Message[] }, string> {
  readonly agentConfig: Agent<AgentInput, string>;
  process(input: { messages: readonly Message[] }, context: TaskContext): AsyncGenerator<Deltas, string, void>;
}
export declare class ReplyNode extends AgentStreamingNode<{ messages: readonly Message[]; draft: string }, Think> {
  readonly agentConfig: Agent<AgentInput, Think>;
  process(
    input: { messages: readonly Message[]; draft: string },
    context: TaskContext,
  ): AsyncGenerator<Deltas, Think, void>;
}
export declare class CountNode {
  process(input: { text: string; limit?: number }): number;
}
export declare class TopicNode extends AgentNode<{ messages: readonly Message[] }, Decision['kind']> {
  readonly agentConfig: Agent<AgentInput, Decision['kind']>;
  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<Decision['kind']>;
}
export declare class ClockNode {
  process(): Date;
}
export declare class ChannelsNode extends AgentStreamingNode<{ messages: readonly Message[] }, Think> {
  readonly agentConfig: Agent<AgentInput, Think>;
  process(input: { messages: readonly Message[] }, context: TaskContext): AsyncGenerator<Deltas, Think, void>;
}
