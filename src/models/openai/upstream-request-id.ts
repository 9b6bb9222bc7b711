import { redactSecrets } from '../../kernel/index.js';

/** Headers with the request id: of most vendors, Anthropic, Bedrock and Azure. The first one present counts. */
export const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'x-amzn-requestid', 'apim-request-id'] as const;

const ID = /^[\w.:/=+-]{1,128}$/;

/**
 * Reads an upstream's id of a request, which its support asks for.
 * @param header gives a header of the response by its name in lower case
 * @returns undefined if there is none, or it does not look like an id
 */
export function readUpstreamRequestId(header: (name: string) => unknown): string | undefined {
  const id = REQUEST_ID_HEADERS.map(header).find((value) => value !== undefined);
  return typeof id === 'string' && ID.test(id) && redactSecrets(id) === id ? id : undefined;
}
