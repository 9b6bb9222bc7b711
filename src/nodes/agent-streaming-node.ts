import { Injectable } from '@nestjs/common';
import { StructuredOutputError } from '../schema/index.js';
import { clearPlaces, JsonFieldDecoder, type TextChannel } from '../streaming/index.js';
import type { Deltas, TaskContext, WorkflowNode } from '../workflow/index.js';
import { AgentNodeBase } from './agent-node-base.js';
import type { AgentStream } from './agent-stream.js';

/** Which field of a structured answer streams in which channel. Fields that are not in it are not shown. */
export type ChannelMap<Output> = { readonly [Field in keyof Output & string]?: TextChannel };

/** Two fields in one channel would run into each other: naming it twice does not compile. */
export type OneFieldPerChannel<C> = {
  readonly [Field in keyof C]: C[Field] extends C[Exclude<keyof C, Field>] ? never : C[Field];
};

/**
 * A call of a language model whose answer reaches the client as it is generated:
 * `return yield* this.streamTextDeltas(this.agent.runStream({ messages }, context))`.
 */
@Injectable()
export abstract class AgentStreamingNode<Input, Output>
  extends AgentNodeBase<Output>
  implements WorkflowNode<Input, Output>
{
  readonly speaks = true;
  readonly debounceMs?: number;

  abstract process(input: Input, context: TaskContext): AsyncGenerator<Deltas, Output, void>;

  /** Passes a text answer on, piece by piece, and returns it whole. */
  protected streamTextDeltas(stream: AgentStream<Output>): AsyncGenerator<Deltas, Output, void> {
    return stream.withOutput();
  }

  /**
   * Passes a structured answer on and returns the validated object. Two shapes:
   * - without `channels`, the JSON text itself is the content;
   * - with `channels`, each named field's text streams live in its channel, strings decoded, other values as JSON.
   * @throws StructuredOutputError if the answer does not fit the class, IncompleteAnswerError if it stops early
   */
  protected async *streamStructuredDeltas<const C extends ChannelMap<Output>>(
    stream: AgentStream<Output>,
    channels?: C & OneFieldPerChannel<C>,
  ): AsyncGenerator<Deltas, Output, void> {
    if (channels === undefined) return yield* stream.withOutput();
    const decoder = new JsonFieldDecoder(channels);
    for await (const batch of stream) {
      const shown = batch.flatMap((delta) => {
        if (delta.type === 'content') return decoder.push(delta.text);
        return delta.type === 'annotations' ? clearPlaces(delta) : delta;
      });
      if (shown.length > 0) yield shown;
      if (decoder.fault !== undefined) throw new StructuredOutputError([decoder.fault.message]);
    }
    return stream.output();
  }
}
