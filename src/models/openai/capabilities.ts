import type { ModelCall } from '../chat-model.js';
import { type MessageForm, OPENAI_MESSAGES } from './request/index.js';

/**
 * How an output is made to fit a JSON schema.
 * - `json_schema`: the provider takes `response_format: {type: "json_schema"}`;
 * - `tool`: the schema is a tool that the model must call, and the call's arguments are the output;
 * - `prompt`: the schema stands in the instructions, and the JSON is taken out of what the model writes.
 */
type StructuredOutputMethod = 'json_schema' | 'tool' | 'prompt';

/** Writes a call in a provider's dialect. Returns its argument if there is nothing to change. */
export type RequestRule = (call: ModelCall) => ModelCall;

/** In what a provider's chat completions differ from OpenAI's. */
export interface Capabilities {
  readonly structuredOutput: StructuredOutputMethod;
  /** Whether `response_format: {type: "json_object"}` has an effect; without it, JSON is asked for in the instructions. */
  readonly jsonObject: boolean;
  /** Whether `parallel_tool_calls` is understood. */
  readonly parallelToolCalls: boolean;
  /** Whether completions can be streamed; without it each is asked for in one piece, and comes to the client in one. */
  readonly streaming: boolean;
  /** Formats of a spoken completion (`audio.format`) that it streams; a completion in another one is asked for in one piece. */
  readonly streamedAudio: 'pcm16' | 'any';
  /** Whether `stream_options` may be sent. Without it a provider tells its usage unasked. */
  readonly streamOptions: boolean;
  /**
   * Names of the tags in which reasoning stands at the beginning of the content; a slash before one: it is open already. None:
   * reasoning has a field of its own.
   */
  readonly reasoningTags: readonly string[];
  /** How it wants the messages of a conversation. */
  readonly messages: MessageForm;
  /**
   * True: the reasoning before tool calls must come back with them, as `reasoning_content`. Servers that say it by that name
   * are found out by their completions; this is for those that want it of a history which another process has seen.
   */
  readonly returnsReasoning: boolean;
  /** Applied to each call in order, after its output and messages have been arranged. */
  readonly rules: readonly RequestRule[];
}

/** OpenAI's own. */
export const OPENAI_CAPABILITIES: Capabilities = {
  structuredOutput: 'json_schema',
  jsonObject: true,
  parallelToolCalls: true,
  streaming: true,
  streamedAudio: 'pcm16',
  streamOptions: true,
  reasoningTags: [],
  messages: OPENAI_MESSAGES,
  returnsReasoning: false,
  rules: [],
};
