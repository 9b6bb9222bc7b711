import { UpstreamError } from '../../errors/index.js';

/** The 400 for what the demo does not do, and a real model perhaps does. */
export function makeRefusalError(reason: string, code: string, param: string): UpstreamError {
  return new UpstreamError(`${reason}, or set OPENAI_API_KEY to have a real model answer.`, {
    status: 400,
    type: 'invalid_request_error',
    code,
    param,
    retryable: false,
  });
}
