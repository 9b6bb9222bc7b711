import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { InternalError, MillraceError, OverloadedError, UpstreamError } from '../../errors/index.js';
import { makeUpstreamError, makeReportedError } from './upstream-errors.js';

const makeApiError = (status: number, error: unknown, headers = new Headers()): APIError =>
  APIError.generate(status, { error }, undefined, headers);

const SECRETS = [
  'sk-proj-4f9a8b7c6d5e4f3a2b1c',
  'sk-****************************1c2d',
  'key-0123456789abcdef',
  'org-ABCDEFGHIJKL',
  'Bearer eyJhbGciOi.J9.x',
  'http://10.0.0.7:8000/v1/internal',
  'https://user:password@models.internal/v1',
  'gsk_4f9a8b7c6d5e4f3a2b1c',
  'xai-4f9a8b7c6d5e4f3a2b1c',
  'AIzaSyD-4f9a8b7c6d5e4f3a2b1c',
  'ya29.a0AfH6SMBx-4f9a8b',
  'ABSKQmVkcm9ja0FQSUtleS1hYmNkZWY=',
  '10.0.0.7:8000',
  '192.168.1.20',
  '[fd00::7]:8000',
];

describe('makeUpstreamError', () => {
  it('leaves errors of this server as they are', () => {
    const error = new InternalError('x');
    expect(makeUpstreamError(error)).toBe(error);
  });

  it.each([
    ['no connection', new APIConnectionError({ cause: new Error('ECONNREFUSED 10.0.0.7') }), 'upstream_unreachable'],
    ['no headers in time', new APIConnectionTimeoutError(), 'upstream_timeout'],
    ['something else', new TypeError('x is not a function'), 'internal_error'],
    ['no error at all', 'boom', 'internal_error'],
  ])('keeps %s as the cause, and out of the message', (_, thrown, code) => {
    const error = makeUpstreamError(thrown);
    expect(error).toMatchObject({ code, cause: thrown });
    expect(error.message).not.toMatch(/10\.0\.0\.7|ECONN|boom/);
  });

  it.each(['EMFILE', 'ENFILE'])('does not blame the provider for an %s of this machine', (code) => {
    const failed = new TypeError('fetch failed', { cause: Object.assign(new Error(`connect ${code}`), { code }) });
    const error = makeUpstreamError(new APIConnectionError({ cause: failed }));
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error).toMatchObject({ status: 503, code: 'server_overloaded', retryAfterMs: 2_000 });
    expect(error.diagnostic).toMatch(/ulimit -n/);
  });

  it.each(SECRETS)("takes %s out of a 400's message, wherever it is", (secret) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_200 }), (length) => {
        const { message } = makeUpstreamError(makeApiError(400, { message: `${'.'.repeat(length)}${secret} (x)` }));
        expect(message).not.toContain(secret.slice(0, 7));
        expect(message.length).toBeLessThanOrEqual(1_000);
      }),
      { examples: Array.from({ length: 24 }, (_, i) => [980 + i]) },
    );
  });

  it.each([undefined, null, '', 7, {}, { message: { text: 'x' } }])(
    'has words of its own for a 400 with %j',
    (body) => {
      const { message, param, code } = makeUpstreamError(makeApiError(400, body));
      expect([message, param, code]).toEqual(['The model provider did not accept the request.', null, null]);
    },
  );

  it.each([
    'sk-proj-4f9a8b7c6d5e4f3a2b1c',
    '10.0.0.7',
    'vllm-0.models.internal',
    'a b',
    'a\n[Millrace] forged',
    '\u001b[31m',
    'x'.repeat(65),
    '',
  ])('passes %j on neither as code or param nor to the log', (value) => {
    const error = makeUpstreamError(makeApiError(400, { message: 'x', code: value, param: value, type: value }));
    expect(error).toMatchObject({ code: null, param: null, diagnostic: 'upstream status 400, type -, code -' });
  });

  it('passes on code and param that are words', () => {
    const error = makeUpstreamError(makeApiError(400, { code: 'bad_value', param: 'messages[0].content.0' }));
    expect(error).toMatchObject({ code: 'bad_value', param: 'messages[0].content.0' });
  });

  it.each([
    ['a host', 'cannot reach vllm-0.models.svc.cluster.local:8000', 'cannot reach [redacted]'],
    ['a path', 'no such file: /srv/models/llama/config.json', 'no such file: [redacted]'],
    ['what cannot be seen', 'a\u202eb\u001b[31mc\nd', 'a b [31mc\nd'],
    ['half a key at the end', `${'x '.repeat(1_999)}sk-${'a1'.repeat(50)}`, 'x '.repeat(500)],
  ])("takes %s out of a 400's message", (_, message, shown) => {
    expect(makeUpstreamError(makeApiError(400, { message })).message).toBe(shown);
  });

  it('passes on only strings as code and param, because vLLM sends its status as a number', () => {
    const error = makeUpstreamError(makeApiError(400, { message: 'x', code: 400, param: { a: 1 } }));
    expect(error).toMatchObject({ code: null, param: null });
  });

  it('keeps the kind of the failure for the log, but nothing that users or upstreams wrote', () => {
    const named = makeUpstreamError(makeApiError(503, { type: 'server_error', code: 'overloaded', message: 'secret' }));
    expect(named.diagnostic).toBe('upstream status 503, type server_error, code overloaded');
    const wordy = makeUpstreamError(makeApiError(503, { type: 'a sentence of words', code: 'x'.repeat(65) }));
    expect(wordy.diagnostic).toBe('upstream status 503, type -, code -');
  });

  it.each([
    ['-5', undefined],
    ['0', 0],
    ['0.5', 500],
    ['', undefined],
    ['86400', 86_400_000],
    ['Mon, 02 Nov 2026 00:00:07 GMT', 7_000],
    // No sane waits.
    ['86401', undefined],
    ['Infinity', undefined],
    ['NaN', undefined],
    ['1e99', undefined],
    ['0x10', undefined],
    ['9'.repeat(400), undefined],
    ['soon', undefined],
    ['2026-11-03', undefined],
    ['Mon, 02 Nov 2099 00:00:00 GMT', undefined],
    ['Sun, 01 Nov 2026 00:00:00 GMT', undefined],
  ])('reads the retry-after %j as %p ms', (value, retryAfterMs) => {
    const headers = new Headers({ 'retry-after': value, date: 'Mon, 02 Nov 2026 00:00:00 GMT' });
    const error = makeUpstreamError(makeApiError(429, {}, headers));
    expect(error.retryAfterMs).toBe(retryAfterMs);
  });

  it('has a defined consequence for every status of an upstream', () => {
    for (let status = 400; status < 600; status++) {
      const error = makeUpstreamError(makeApiError(status, { message: `m ${SECRETS[0]}` }));
      expect(error).toBeInstanceOf(UpstreamError);
      expect([400, 413, 422, 429, 502, 504]).toContain(error.status);
      expect(error.message).not.toContain('sk-');
    }
  });
});

describe('makeReportedError', () => {
  it.each([
    [{ type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages', message: 'too long' }, 400],
    [{ type: 'invalid_request_error', message: 'no' }, 400],
    [{ code: 'context_length_exceeded' }, 400],
    [{ type: 'insufficient_quota' }, 429],
    [{ code: 'insufficient_quota', type: 'invalid_request_error' }, 429],
    [{ type: 'rate_limit_error' }, 429],
    [{ code: 'rate_limit_exceeded', type: 'tokens' }, 429],
    [{ type: 'requests' }, 429],
    [{ status: 'RESOURCE_EXHAUSTED' }, 429],
    [{ code: 429 }, 429],
    [{ code: '503' }, 502],
    [{ message: 'm', code: JSON.parse('{"toString":1,"valueOf":1}') as unknown }, 502],
    [{ message: 'm', code: [{ toString: 1 }], type: { toString: 1 }, param: { toString: 1 } }, 502],
    [{ message: 'm', code: ['429'] }, 502],
    [{ type: 'server_error' }, 502],
    [{}, 502],
  ])('gives %j the status %i', (body, status) => {
    expect(makeReportedError(body).status).toBe(status);
  });

  it('keeps what clients branch on', () => {
    const tooLong = { type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages', message: 'x' };
    expect(makeReportedError(tooLong)).toMatchObject({ ...tooLong, retryable: false });
    expect(makeReportedError({ code: 'insufficient_quota' })).toMatchObject({
      type: 'insufficient_quota',
      code: 'insufficient_quota',
      retryable: false,
    });
  });

  it('makes an UpstreamError of anything, and quotes it only if the request is at fault', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error: MillraceError = makeReportedError(thrown);
        expect(error).toBeInstanceOf(UpstreamError);
        expect(error.message).not.toBe('');
      }),
    );
    const quoting = [200, 400, 401, 404, 413, 422, 429, 500, 503].filter((code) =>
      makeReportedError({ code, message: 'the words' }).message.includes('the words'),
    );
    expect(quoting).toEqual([400, 413, 422]);
  });
});
