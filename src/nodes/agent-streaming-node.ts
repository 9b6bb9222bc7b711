import { Injectable } from '@nestjs/common';
import type { ChannelMap, Deltas, OneFieldPerChannel, TaskContext, WorkflowNode } from '../workflow/index.js';
import { AgentNodeBase } from './agent-node-base.js';
import type { AgentStream } from './agent-stream.js';
import { streamFields } from './stream-fields.js';

/**
 * A node whose model's output reaches the client as it is generated: `return yield*
 * this.streamTextDeltas(this.agent.runStream({ messages }, context))`. `flow.stream` is the shorter way; extend this class if
 * the node has to do something around the call.
 */
@Injectable()
export abstract class AgentStreamingNode<Input, Output>
  extends AgentNodeBase<Output>
  implements WorkflowNode<Input, Output>
{
  readonly streams = true;
  readonly debounceMs?: number;

  abstract process(input: Input, context: TaskContext): AsyncGenerator<Deltas, Output, void>;

  /** Passes a text on, piece by piece, and returns it whole. */
  protected streamTextDeltas(stream: AgentStream<Output>): AsyncGenerator<Deltas, Output, void> {
    return stream.withOutput();
  }

  /**
   * Passes a structured output on and returns the validated object:
   * - without `channels`, the content is the JSON text;
   * - with `channels`, each named field streams in its channel: strings decoded, other values as JSON.
   * @throws StructuredOutputError if the output does not fit the class, IncompleteOutputError if it stops early, WiringError
   *   if the channels do not fit the output
   */
  protected streamStructuredDeltas<const C extends ChannelMap<Output>>(
    stream: AgentStream<Output>,
    channels?: C & OneFieldPerChannel<C>,
  ): AsyncGenerator<Deltas, Output, void> {
    if (channels === undefined) return stream.withOutput();
    this.agent.assertChannels(channels);
    return streamFields<Output>(stream, channels);
  }
}
