import type { JsonObject, JsonValue } from '../../kernel/index.js';
import type { RunOrigin } from '../../runs/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import type { CallOutput } from '../wire/index.js';

/**
 * The facts about a response that are known before its run starts and never change. Names and forms are those of the
 * wire.
 */
export interface ResponseHead {
  /** Also the run's: `resp_` and 24 hex digits. */
  readonly id: string;
  /** Whole seconds since the Unix epoch. */
  readonly created_at: number;
  /** The name that the client asked for. */
  readonly model: string;
  readonly background: boolean;
  readonly instructions: JsonValue;
  readonly max_output_tokens: number | null;
  readonly max_tool_calls: number | null;
  readonly metadata: JsonObject;
  readonly parallel_tool_calls: boolean;
  readonly previous_response_id: string | null;
  readonly prompt_cache_key: string | null;
  readonly reasoning: JsonObject;
  readonly safety_identifier: string | null;
  readonly service_tier: string;
  /** Whether it can be retrieved and referred to once it has ended. */
  readonly store: boolean;
  readonly temperature: number;
  readonly top_p: number;
  readonly presence_penalty: number;
  readonly frequency_penalty: number;
  readonly text: JsonObject;
  readonly tool_choice: JsonValue;
  readonly tools: readonly JsonObject[];
  readonly top_logprobs: number;
  readonly truncation: string;
  readonly user: string | null;
}

/** A request of this door, decoded. */
export interface DecodedRequest {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  readonly head: ResponseHead;
  readonly origin: RunOrigin;
  /** True if the response is a stream. */
  readonly streams: boolean;
  /** True if the stream reports what happens in the workflow. */
  readonly nodeEvents: boolean;
  /**
   * The input items of the run: those of earlier responses, then the request's own, each with an id. Empty if nothing
   * is stored.
   */
  readonly context: readonly JsonObject[];
  /** True if its run is logged: it is in the background, or its workflow can wait. */
  readonly isLogged: boolean;
  /** The outputs that answer a waiting run, which continues in place of a new run. Undefined: a run begins. */
  readonly outputs: readonly CallOutput[] | undefined;
}
