import type { JsonObject } from '../../kernel/index.js';
import type { ResponseHead } from './decoded-request.js';
import type { OutputItem } from './items/output-item.js';

type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** The error of a Response. Its code decides whether clients retry. */
interface ResponseError {
  readonly code: ResponseErrorCode;
  readonly message: string;
}

/** The codes of OpenAI's closed list that a run can fail with. */
export type ResponseErrorCode = 'server_error' | 'rate_limit_exceeded' | 'invalid_prompt';

/** Sum over all model calls of the run; 0 if no upstream reported it. */
export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** A Response as it is at one moment, as plain JSON. Clients rely on every field of it. */
export interface ResponseObject extends ResponseHead, JsonObject {
  readonly object: 'response';
  /** Whole seconds since the Unix epoch; null unless it was completed. */
  readonly completed_at: number | null;
  readonly status: ResponseStatus;
  readonly error: ResponseError | null;
  readonly incomplete_details: { readonly reason: 'max_output_tokens' | 'content_filter' } | null;
  readonly output: readonly OutputItem[];
  readonly usage: ResponseUsage | null;
  readonly usage_incomplete?: true;
}
