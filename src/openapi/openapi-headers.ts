import type { OpenAPIObject } from '@nestjs/swagger';
import { NODE_EVENTS_PARAMETER } from '../api/completions/index.js';
import { API_ROOT } from '../http/index.js';

type Components = NonNullable<OpenAPIObject['components']>;
type Headers = NonNullable<Components['headers']>;
type Parameters = NonNullable<Components['parameters']>;

const REQUEST_ID = String.raw`^[\w.:/+=-]{1,128}$`;

const makeMinuteHeaders = (what: 'requests' | 'tokens'): Headers => ({
  [`x-ratelimit-limit-${what}`]: {
    description: `Limit of ${what} per minute. Absent if there is none.`,
    schema: { type: 'integer', minimum: 0 },
  },
  [`x-ratelimit-remaining-${what}`]: {
    description: `How many ${what} are left in this minute.`,
    schema: { type: 'integer', minimum: 0 },
  },
  [`x-ratelimit-reset-${what}`]: {
    description: `Time until all ${what} are available again.`,
    schema: { type: 'string', example: '59.2s' },
  },
});

const COMMON_HEADERS = {
  'x-request-id': {
    description: 'Id of the request: its own, or a new one.',
    schema: { type: 'string', pattern: REQUEST_ID, example: 'req_4e1f0c9d8b7a695847362514' },
  },
  'openai-version': { description: 'Version of the API.', schema: { type: 'string', enum: ['2020-10-01'] } },
  'openai-processing-ms': {
    description: 'Milliseconds until the status line was sent.',
    schema: { type: 'integer', minimum: 0 },
  },
} satisfies Headers;

const RUN_HEADERS = {
  'x-trace-id': {
    description: 'Id of the trace; absent if the request is not traced.',
    schema: { type: 'string', example: '0af7651916cd43dd8448eb211c80319c' },
  },
  'millrace-run-id': {
    description: 'Id of the run; absent if it does not outlive its request.',
    schema: { type: 'string', example: 'run_4e1f0c9d8b7a695847362514' },
  },
  'idempotent-replayed': {
    description: '`true` if an earlier request with this `Idempotency-Key` got the same response.',
    schema: { type: 'string', enum: ['true'] },
  },
} satisfies Headers;

const CREATION_HEADERS = {
  location: {
    description: 'Where the run is.',
    schema: { type: 'string', example: `${API_ROOT}/runs/run_4e1f0c9d8b7a695847362514` },
  },
} satisfies Headers;

const REFUSAL_HEADERS = {
  'retry-after': { description: 'Seconds after which to try again.', schema: { type: 'integer', minimum: 0 } },
  'retry-after-ms': { description: 'Milliseconds after which to try again.', schema: { type: 'integer', minimum: 0 } },
  'x-should-retry': {
    description: '`false` where another try cannot help, or would cost again.',
    schema: { type: 'string', enum: ['false'] },
  },
} satisfies Headers;

const CHALLENGE_HEADERS = {
  'www-authenticate': {
    description: 'How to authenticate (RFC 6750).',
    schema: { type: 'string', example: 'Bearer error="invalid_token"' },
  },
} satisfies Headers;

const LIMIT_HEADERS: Headers = { ...makeMinuteHeaders('requests'), ...makeMinuteHeaders('tokens') };

/** Headers of responses, for `components.headers`. */
export const RESPONSE_HEADERS: Headers = {
  ...COMMON_HEADERS,
  ...RUN_HEADERS,
  ...CREATION_HEADERS,
  ...LIMIT_HEADERS,
  ...REFUSAL_HEADERS,
  ...CHALLENGE_HEADERS,
};

/** Names of headers, by the responses that have them. */
export const HEADER_NAMES = {
  everyResponse: Object.keys(COMMON_HEADERS),
  runs: Object.keys(RUN_HEADERS),
  limits: Object.keys(LIMIT_HEADERS),
  refusals: Object.keys(REFUSAL_HEADERS),
  challenges: Object.keys(CHALLENGE_HEADERS),
} as const;

/** Makes references to headers, by their names. */
export function pickHeaders(names: readonly string[]): Headers {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/**
 * Headers of requests, for `components.parameters`. They have no `example`: Swagger UI would send it with each request, and
 * ids that are the same each time would do harm.
 */
export const REQUEST_HEADERS = {
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    description: 'An id for logs and for the response. One that does not fit the pattern is replaced.',
    schema: { type: 'string', pattern: REQUEST_ID },
  },
  TraceParent: {
    name: 'traceparent',
    in: 'header',
    description:
      'W3C trace context: the trace of the run becomes a part of yours. Anything else is ignored. ' +
      'Such as `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.',
    schema: { type: 'string' },
  },
  SessionId: {
    name: 'x-session-id',
    in: 'header',
    description: 'Names the session of the trace. A `session_id` in `metadata` wins over it.',
    schema: { type: 'string' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A request that comes again with the same key and body gets the response to the first, without another run. ' +
      'Not for streams, unless their runs are logged. 1 to 255 visible ASCII characters.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  },
  NodeEvents: NODE_EVENTS_PARAMETER,
} satisfies Parameters;

/** Names of the headers that every operation reads, and of those that only operations with runs read. */
export const PARAMETER_NAMES: Readonly<Record<'everyRequest' | 'runs', readonly (keyof typeof REQUEST_HEADERS)[]>> = {
  everyRequest: ['RequestId'],
  runs: ['TraceParent', 'SessionId', 'IdempotencyKey', 'NodeEvents'],
};
