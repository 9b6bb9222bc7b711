import { UpstreamError } from '../../errors/index.js';

/** Makes the 400 error for a request that the demo cannot serve but a real model may. */
export function makeRefusalError(reason: string, code: string, param: string): UpstreamError {
  return new UpstreamError(`${reason}, or set OPENAI_API_KEY to have a real model answer.`, {
    status: 400,
    type: 'invalid_request_error',
    code,
    param,
    retryable: false,
  });
}
