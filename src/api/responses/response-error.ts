import type { RunFailed } from '../../engine/index.js';
import { type MillraceError, UpstreamError } from '../../errors/index.js';
import type { ResponseErrorCode } from './response-object.js';

/**
 * The word that tells clients whether to try again, each time with a whole new run (measured: six times for `server_error`,
 * never for `invalid_prompt`). So what another try cannot heal, or what has cost tokens already, is `invalid_prompt`.
 * @param hasOutput true if something was said
 */
export function chooseErrorCode(failed: RunFailed, hasOutput: boolean): ResponseErrorCode {
  const { error, outcome, usage, untoldTokens = 0 } = failed;
  // Whatever it has cost, another instance answers it.
  if (outcome === 'shutdown') return 'server_error';
  if (hasOutput || untoldTokens > 0 || (usage?.total_tokens ?? 0) > 0) return 'invalid_prompt';
  if (error.retryable === false || outcome === 'internal_error') return 'invalid_prompt';
  if (error.status === 429) return 'rate_limit_exceeded';
  return error.status >= 500 || error.status === 408 ? 'server_error' : 'invalid_prompt';
}

/** Names of parameters of chat models, and what they are called here. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['messages', 'input'],
  ['max_completion_tokens', 'max_output_tokens'],
  ['max_tokens', 'max_output_tokens'],
  ['reasoning_effort', 'reasoning.effort'],
  ['response_format', 'text.format'],
  ['verbosity', 'text.verbosity'],
]);

/** The parameter at fault by the names of this door. A place inside of one of other form is none here. */
export function renameParameter(param: string | null): string | null {
  if (param === null) return null;
  const name = /^[^.[]*/.exec(param)?.[0] ?? '';
  return PARAMETERS.get(name) ?? param;
}

/** The same error under the names of this door: an upstream names the parameters that it was given. */
export function renameFault(error: MillraceError): MillraceError {
  const param = renameParameter(error.param);
  if (param === error.param || !(error instanceof UpstreamError)) return error;
  const { message, status, type, code, retryable, retryAfterMs, diagnostic } = error;
  return new UpstreamError(message, {
    status,
    type,
    code,
    param,
    retryable,
    cause: error,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(diagnostic !== undefined && { diagnostic }),
  });
}
