import { describe, expect, it } from '@jest/globals';
import {
  ForbiddenError,
  InternalError,
  InvalidRequestError,
  MethodNotAllowedError,
  NotFoundError,
  type MillraceError,
  ModelNotFoundError,
  OverloadedError,
  PayloadTooLargeError,
  ReplayedError,
  RunAbortedError,
  UnknownRouteError,
  UpstreamError,
} from './index.js';
import { readOutcome, readStatusOutcome } from './outcome.js';
import { toRunError } from './run-error.js';

describe('readOutcome', () => {
  it.each([
    [new RunAbortedError('client_disconnected'), 'client_abort'],
    [new RunAbortedError('cancelled'), 'cancelled'],
    [new RunAbortedError('deadline'), 'deadline'],
    [new RunAbortedError('shutdown'), 'shutdown'],
    [new ModelNotFoundError('x'), 'unknown_model'],
    [new ForbiddenError('x'), 'forbidden'],
    [new UnknownRouteError('GET', '/x'), 'unknown_route'],
    [new NotFoundError('x'), 'not_found'],
    [new ReplayedError(toRunError(new InternalError('x')), 'upstream_timeout'), 'upstream_timeout'],
    [new InvalidRequestError('x'), 'invalid_request'],
    [new MethodNotAllowedError(['GET']), 'invalid_request'],
    [new PayloadTooLargeError('1mb'), 'invalid_request'],
    [new OverloadedError('x'), 'overloaded'],
    [new InternalError(undefined), 'internal_error'],
    [new UpstreamError('x'), 'upstream_error'],
    [new UpstreamError('x', { status: 504 }), 'upstream_timeout'],
    [new UpstreamError('x', { status: 429, type: 'rate_limit_error' }), 'upstream_rate_limited'],
    [new UpstreamError('x', { status: 429, type: 'insufficient_quota' }), 'upstream_quota'],
    [new UpstreamError('x', { status: 422 }), 'upstream_rejected'],
  ] as [MillraceError, string][])('reads %s as %s', (error, outcome) => {
    expect(readOutcome(error)).toBe(outcome);
  });

  it('has one of few outcomes for every status', () => {
    const outcomes = [200, 304, 401, 403, 404, 429, 413, 500, 503].map(readStatusOutcome);
    expect(outcomes).toEqual([
      'ok',
      'ok',
      'unauthorized',
      'forbidden',
      'unknown_route',
      'rate_limited',
      'invalid_request',
      'internal_error',
      'overloaded',
    ]);
    for (let status = 200; status < 600; status++) expect(outcomes).toContain(readStatusOutcome(status));
  });
});
