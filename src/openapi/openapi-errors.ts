import type { OpenAPIObject } from '@nestjs/swagger';
import {
  ConflictError,
  GoneError,
  IdempotencyKeyReusedError,
  InternalError,
  InvalidRequestError,
  type MillraceError,
  ModelNotFoundError,
  NotFoundError,
  OverloadedError,
  PayloadTooLargeError,
  RateLimitedError,
  RequestInProgressError,
  RunAbortedError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
  UpstreamError,
} from '../errors/index.js';
import { makeErrorEnvelope } from '../http/index.js';
import { HEADER_NAMES, pickHeaders } from './openapi-headers.js';

type Responses = NonNullable<NonNullable<OpenAPIObject['components']>['responses']>;

interface ErrorResponse {
  /** Name in `components.responses`. */
  readonly name: string;
  readonly description: string;
  /** Errors of this kind, by names for them. */
  readonly examples: Readonly<Record<string, MillraceError>>;
  readonly headers?: readonly string[];
}

const { refusals, challenges, limits } = HEADER_NAMES;

/** Every status with which a request can fail. */
const ERROR_RESPONSES = {
  400: {
    name: 'BadRequest',
    description: 'The request is at fault; `param` says where, and `code` how.',
    examples: {
      missing: new InvalidRequestError("Missing required parameter: 'messages'.", {
        param: 'messages',
        code: 'missing_required_parameter',
      }),
      malformed: new InvalidRequestError(
        'We could not parse the JSON body of your request. The API expects a JSON object; check it for syntax errors.',
      ),
    },
  },
  401: {
    name: 'Unauthorized',
    description: 'No API key or token, or an invalid one. Only if the server requires one.',
    examples: { unknown: new UnauthorizedError('Incorrect API key provided.', true) },
    headers: challenges,
  },
  404: {
    name: 'NotFound',
    description:
      'No workflow that the API key or token may use has this id or alias, or it has stored nothing with this id.',
    examples: {
      unknown: new ModelNotFoundError('gpt-0'),
      notStored: new NotFoundError("Run with id 'run_1' not found."),
    },
  },
  408: {
    name: 'RequestTimeout',
    description: 'The request took too long to arrive.',
    examples: { slow: new InvalidRequestError('The request took too long to arrive.') },
  },
  409: {
    name: 'Conflict',
    description:
      'The `Idempotency-Key` came with another body, or another replica is working on its request; or the requested object has not finished.',
    examples: {
      running: new RequestInProgressError({}),
      reused: new IdempotencyKeyReusedError(),
      unfinished: new ConflictError('The run of this completion has not ended yet.', 'run_not_finished'),
    },
    headers: refusals,
  },
  410: {
    name: 'Gone',
    description: 'The log of the run has expired, or ends before the number that the client has.',
    examples: {
      expired: new GoneError('The log of this run has expired: only the run itself is left.', 'log_expired'),
    },
  },
  413: {
    name: 'PayloadTooLarge',
    description: 'The body is larger than this server accepts.',
    examples: { large: new PayloadTooLargeError('10mb') },
  },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The content type, encoding or charset of the body is not read.',
    examples: {
      type: new UnsupportedMediaTypeError(
        'The body of your request must be JSON: send it with the header Content-Type: application/json.',
      ),
    },
  },
  422: {
    name: 'UnprocessableContent',
    description: 'The model provider refused the request.',
    examples: {
      refused: new UpstreamError('The model provider refused the request.', {
        status: 422,
        type: 'invalid_request_error',
        code: null,
        retryable: false,
      }),
    },
  },
  429: {
    name: 'TooManyRequests',
    description: 'A limit is reached: of the API key, of all together, or of the model provider.',
    examples: {
      requests: new RateLimitedError(
        'Rate limit reached for requests per minute of this API key: limit 60. Try again in 12.4s.',
        'requests',
        12_400,
      ),
      provider: new UpstreamError('The model provider limits the rate of requests. Try again later.', {
        status: 429,
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
      }),
    },
    headers: [...refusals, ...limits],
  },
  431: {
    name: 'HeadersTooLarge',
    description: 'The headers of the request, or its address, are too long.',
    examples: { long: new InvalidRequestError('The headers of the request are too large.') },
  },
  500: {
    name: 'InternalError',
    description: 'A bug of this server. Its log has the details, under the request id.',
    examples: { bug: new InternalError(undefined) },
    headers: refusals,
  },
  502: {
    name: 'BadGateway',
    description: 'The model provider failed, or its completion cannot be used.',
    examples: {
      unreachable: new UpstreamError('The model provider cannot be reached.', { code: 'upstream_unreachable' }),
    },
    headers: refusals,
  },
  503: {
    name: 'ServiceUnavailable',
    description: 'The server is shutting down, or too busy, or cannot check tokens now.',
    examples: {
      ending: new OverloadedError('The server is shutting down.', { code: 'server_shutting_down' }),
      busy: new OverloadedError('The server is busy with other requests. Try again in a moment.', {
        code: 'server_overloaded',
      }),
    },
    headers: refusals,
  },
  504: {
    name: 'GatewayTimeout',
    description: 'The run, or the model provider, took too long.',
    examples: { run: new RunAbortedError('deadline') },
    headers: refusals,
  },
} satisfies Readonly<Record<number, ErrorResponse>>;

/** A status with which a request can fail. */
export type ErrorStatus = keyof typeof ERROR_RESPONSES;

/** Makes the responses that report errors, for `components.responses`. */
export function makeErrorResponses(): Responses {
  return Object.fromEntries(
    Object.values(ERROR_RESPONSES).map((response) => [response.name, describeResponse(response)]),
  );
}

/** Makes references to the responses that report errors, by status. */
export function referToErrors(statuses: readonly ErrorStatus[]): Record<string, { $ref: string }> {
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${ERROR_RESPONSES[status].name}` }]),
  );
}

function describeResponse({ description, examples, headers = [] }: ErrorResponse): Responses[string] {
  return {
    description,
    headers: pickHeaders([...HEADER_NAMES.everyResponse, ...headers]),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/ErrorEnvelope' },
        examples: Object.fromEntries(
          Object.entries(examples).map(([name, error]) => [name, { value: makeErrorEnvelope(error) }]),
        ),
      },
    },
  };
}
