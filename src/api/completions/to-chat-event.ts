import type { ChatEvent } from '../../workflow/index.js';
import type { ChatCompletionRequest } from './dto/index.js';

/** The request as workflows see it: conversation and parameters apart, nothing changed. */
export function toChatEvent(request: ChatCompletionRequest): ChatEvent {
  const { model, messages, stream: _stream, stream_options: _options, ...parameters } = request;
  return { model, messages, parameters };
}
