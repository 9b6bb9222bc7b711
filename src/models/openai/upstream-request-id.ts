import { redactSecrets } from '../../kernel/index.js';

/** Where vendors write it: most of them, Anthropic, Bedrock, and Azure. The first one that is there counts. */
export const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'x-amzn-requestid', 'apim-request-id'] as const;

const ID = /^[\w.:/=+-]{1,128}$/;

/**
 * The id by which an upstream knows a request: its support asks for it.
 * @param header gives a header of its response by its name in lower case
 * @returns undefined if there is none, or what is there is no id
 */
export function readUpstreamRequestId(header: (name: string) => unknown): string | undefined {
  const id = REQUEST_ID_HEADERS.map(header).find((value) => value !== undefined);
  return typeof id === 'string' && ID.test(id) && redactSecrets(id) === id ? id : undefined;
}
