import { StructuredOutputError } from '../schema/index.js';
import { clearPlaces, JsonFieldDecoder, type TextChannel } from '../streaming/index.js';
import type { ChannelMap, Deltas } from '../workflow/index.js';
import type { AgentStream } from './agent-stream.js';

/**
 * Passes a structured output on field by field, each in its channel: strings decoded, other values as JSON.
 * @throws StructuredOutputError if the output does not fit its class or schema, IncompleteOutputError if it stops early
 */
export async function* streamFields<Output>(
  stream: AgentStream<Output>,
  channels: ChannelMap<Output>,
): AsyncGenerator<Deltas, Output, void> {
  const decoder = new JsonFieldDecoder(channels as Readonly<Record<string, TextChannel>>);
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
