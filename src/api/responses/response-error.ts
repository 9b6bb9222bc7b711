import type { RunFailed } from '../../engine/index.js';
import { type MillraceError, UpstreamError } from '../../errors/index.js';
import type { ResponseErrorCode } from './response-object.js';

/**
 * The code by which clients decide whether to retry, each time with a whole new run (measured: six times for
 * `server_error`, never for `invalid_prompt`). So an error that a retry cannot heal, or that has already cost tokens,
 * is `invalid_prompt`.
 * @param hasOutput true if there was any output
 */
export function chooseErrorCode(failed: RunFailed, hasOutput: boolean): ResponseErrorCode {
  const { error, outcome, usage, unreportedTokens = 0 } = failed;
  // Another instance can answer it, whatever it has cost.
  if (outcome === 'shutdown') return 'server_error';
  if (hasOutput || unreportedTokens > 0 || (usage?.total_tokens ?? 0) > 0) return 'invalid_prompt';
  if (error.retryable === false || outcome === 'internal_error') return 'invalid_prompt';
  if (error.status === 429) return 'rate_limit_exceeded';
  return error.status >= 500 || error.status === 408 ? 'server_error' : 'invalid_prompt';
}

/** Names of chat parameters, and their names in this protocol. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['messages', 'input'],
  ['max_completion_tokens', 'max_output_tokens'],
  ['max_tokens', 'max_output_tokens'],
  ['reasoning_effort', 'reasoning.effort'],
  ['response_format', 'text.format'],
  ['verbosity', 'text.verbosity'],
]);

/** The parameter at fault, under its name in this protocol. A path inside a parameter with another form is left out. */
export function renameParameter(param: string | null): string | null {
  if (param === null) return null;
  const name = /^[^.[]*/.exec(param)?.[0] ?? '';
  return PARAMETERS.get(name) ?? param;
}

/** The same error under the names of this door: an upstream names the parameters that it was given. */
export function makeRenamedError(error: MillraceError): MillraceError {
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
