import type { ModelCall } from '../chat-model.js';
import { type MessageForm, OPENAI_MESSAGES } from './request/index.js';

/**
 * How a provider is made to fit its output to a JSON schema.
 * - `json_schema`: the provider takes `response_format: {type: "json_schema"}`;
 * - `tool`: the schema becomes a tool that the model must call, and the arguments of the call are the output;
 * - `prompt`: the schema stands in the instructions, and the JSON is extracted from the text.
 */
type StructuredOutputMethod = 'json_schema' | 'tool' | 'prompt';

/** Writes a call in a provider's dialect. Returns the same object if nothing changes. */
export type RequestRule = (call: ModelCall) => ModelCall;

/** The differences of a provider's chat completions from OpenAI's. */
export interface Capabilities {
  readonly structuredOutput: StructuredOutputMethod;
  /** Whether `response_format: {type: "json_object"}` has an effect; without it, JSON is asked for in the instructions. */
  readonly jsonObject: boolean;
  /** Whether `parallel_tool_calls` is understood. */
  readonly parallelToolCalls: boolean;
  /** Whether completions can be streamed; otherwise each is requested and passed on in one piece. */
  readonly streaming: boolean;
  /** Audio formats (`audio.format`) that it streams; completions in other formats are requested in one piece. */
  readonly streamedAudio: 'pcm16' | 'any';
  /** Whether `stream_options` may be sent; a provider without it reports usage by default. */
  readonly streamOptions: boolean;
  /**
   * Names of tags around reasoning at the beginning of the content; a slash before a name means that the tag is already open.
   * Empty if reasoning has a field of its own.
   */
  readonly reasoningTags: readonly string[];
  /** The form of messages that it takes. */
  readonly messages: MessageForm;
  /**
   * True if reasoning before tool calls must be sent back with them as `reasoning_content`. Servers that send it under that
   * name are detected by their completions; this setting is needed for a history that another process has seen.
   */
  readonly returnsReasoning: boolean;
  /** Applied to each call in order, after its output format and messages have been written. */
  readonly rules: readonly RequestRule[];
}

/** The capabilities of OpenAI itself. */
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
