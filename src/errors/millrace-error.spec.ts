import { describe, expect, it } from '@jest/globals';
import { ForbiddenError } from './access-errors.js';
import {
  InvalidRequestError,
  MethodNotAllowedError,
  ModelNotFoundError,
  PayloadTooLargeError,
  UnknownRouteError,
  UnsupportedMediaTypeError,
} from './client-errors.js';
import { MillraceError } from './millrace-error.js';
import { RunAbortedError } from './run-aborted-error.js';
import { InternalError, OverloadedError, RunLeftError, UpstreamError } from './server-errors.js';
import { toMillraceError } from './to-millrace-error.js';

/** Every error with a consequence, and that consequence: status, type, code, param, and whether to try again. */
const ALL: readonly (readonly [MillraceError, number, string, string | null, string | null, boolean])[] = [
  [new InvalidRequestError('x'), 400, 'invalid_request_error', null, null, false],
  [
    new InvalidRequestError('x', { code: 'invalid_type', param: 'n' }),
    400,
    'invalid_request_error',
    'invalid_type',
    'n',
    false,
  ],
  [new ModelNotFoundError('m'), 404, 'invalid_request_error', 'model_not_found', 'model', false],
  [new ForbiddenError('m'), 404, 'invalid_request_error', 'model_not_found', 'model', false],
  [new UnknownRouteError('GET', '/x'), 404, 'invalid_request_error', 'unknown_url', null, false],
  [new MethodNotAllowedError(['POST']), 405, 'invalid_request_error', 'method_not_supported', null, false],
  [new PayloadTooLargeError('10mb'), 413, 'invalid_request_error', 'request_too_large', null, false],
  [new UnsupportedMediaTypeError('x'), 415, 'invalid_request_error', 'unsupported_media_type', null, false],
  [new InternalError('x'), 500, 'server_error', 'internal_error', null, false],
  [new OverloadedError('x', { retryAfterMs: 1 }), 503, 'server_error', null, null, true],
  [new RunLeftError('shutdown', 'x', true), 503, 'server_error', 'server_shutting_down', null, true],
  [new RunLeftError('store_away', 'x', false), 503, 'server_error', 'store_unavailable', null, false],
  [new UpstreamError('x'), 502, 'server_error', 'upstream_error', null, true],
  [new UpstreamError('x', { code: null, status: 400, retryable: false }), 400, 'server_error', null, null, false],
  [new RunAbortedError('client_disconnected'), 499, 'server_error', 'client_disconnected', null, false],
  [new RunAbortedError('cancelled'), 409, 'server_error', 'cancelled', null, false],
  [new RunAbortedError('deadline'), 504, 'server_error', 'run_timeout', null, false],
  [new RunAbortedError('shutdown'), 503, 'server_error', 'server_shutting_down', null, true],
];

describe('errors with a consequence', () => {
  it.each(ALL.map((each) => [each[0].name, ...each] as const))(
    '%s has its status, type, code, param and advice on retries',
    (name, error, status, type, code, param, retryable) => {
      expect(error).toBeInstanceOf(MillraceError);
      expect(error).toMatchObject({ name: error.constructor.name, status, type, code, param, retryable });
      expect(error.message).not.toBe('');
      expect(error.stack).toContain(name);
    },
  );

  it('keep out of the message what only the operator may see', () => {
    const cause = new Error('secret');
    const errors = [
      new InternalError(cause),
      new UpstreamError('Broken.', { cause, diagnostic: 'secret' }),
      new OverloadedError('Full.', { cause, diagnostic: 'secret', retryAfterMs: 2_000 }),
    ];
    for (const error of errors) {
      expect(error.cause).toBe(cause);
      expect(error.message).not.toContain('secret');
    }
    expect(errors[2]).toMatchObject({ diagnostic: 'secret', retryAfterMs: 2_000 });
  });

  it('have no cause unless one was given', () => {
    expect(Object.hasOwn(new InvalidRequestError('x'), 'cause')).toBe(false);
    expect(Object.hasOwn(new InternalError(undefined), 'cause')).toBe(true);
  });

  it('quote only the beginning of what a client sent', () => {
    const long = 'x'.repeat(100_000);
    expect(new ModelNotFoundError(long).message.length).toBeLessThan(400);
    expect(new UnknownRouteError('GET', long).message.length).toBeLessThan(400);
  });

  it('say what to do', () => {
    expect(new ModelNotFoundError('gpt-9').message).toMatch(/`gpt-9`.*list of models/);
    expect(new MethodNotAllowedError(['GET', 'HEAD']).message).toContain('Use GET or HEAD');
    expect(new PayloadTooLargeError('10mb').message).toContain('10mb');
  });
});

describe('toMillraceError', () => {
  it('returns a MillraceError as it is', () => {
    const error = new ModelNotFoundError('m');
    expect(toMillraceError(error)).toBe(error);
  });

  it.each([new TypeError('secret'), 'secret', undefined, { status: 418, message: 'secret' }])(
    'makes an InternalError of %p without quoting it',
    (thrown) => {
      const error = toMillraceError(thrown);
      expect(error).toMatchObject({ status: 500, code: 'internal_error', cause: thrown });
      expect(error.message).not.toContain('secret');
    },
  );
});
