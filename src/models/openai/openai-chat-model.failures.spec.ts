import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ModelBench } from '../../../test/support/model-bench.js';
import { errorBody, httpError, scriptStream, type Step, steps } from '../../../test/support/upstream/index.js';
import { MillraceError, UpstreamError } from '../../errors/index.js';

const KEY = 'sk-proj-4f9a8b7c6d5e4f3a2b1c';
const HTML = `<html><body>502 Bad Gateway: http://10.0.0.7:8000 ${KEY}</body></html>`;

/** Everything of an error that a client or the log can see. */
function tellError(error: unknown): string {
  const { message, param, code, diagnostic } = error as MillraceError;
  return JSON.stringify([message, param, code, diagnostic]);
}

describe('OpenAIChatModel when the upstream fails', () => {
  let bench: ModelBench;

  beforeEach(async () => {
    bench = await ModelBench.start();
  });
  afterEach(async () => {
    await bench.close();
  });

  async function findFailure(script: Step | readonly Step[]): Promise<unknown> {
    bench.upstream.next(script);
    return bench.call().toFailure();
  }

  it.each([
    [400, 'invalid_request_error', 'context_length_exceeded', 'messages', false],
    [413, 'invalid_request_error', 'context_length_exceeded', 'messages', false],
    [422, 'invalid_request_error', 'context_length_exceeded', 'messages', false],
  ])('passes on a %i, because it is about the request', async (status, type, code, param, retryable) => {
    const body = errorBody('This is too long.', { type, code, param });
    const error = await findFailure(httpError(status, body));
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({ status, type, code, param, retryable, message: 'This is too long.' });
  });

  it.each([401, 403])('turns a %i into a 502 without a word of the upstream', async (status) => {
    const error = await findFailure(httpError(status, errorBody(`Incorrect API key provided: ${KEY}.`)));
    expect(error).toMatchObject({ status: 502, type: 'server_error', code: 'upstream_authentication' });
    expect(error).toMatchObject({ retryable: false, param: null });
    expect(tellError(error)).not.toMatch(/sk-|Incorrect/);
  });

  it('turns a 404 into a 502, because the client did not choose the model', async () => {
    const error = await findFailure(httpError(404, errorBody('No model gpt-9', { code: 'model_not_found' })));
    expect(error).toMatchObject({ status: 502, code: 'upstream_not_found', retryable: false });
    expect(tellError(error)).not.toContain('gpt-9');
  });

  it.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    [{ 'retry-after': '7' }, 7_000],
    [{ date: 'Sun, 01 Nov 2026 00:00:00 GMT', 'retry-after': 'Sun, 01 Nov 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('keeps a 429 and its wait (%j)', async (fields, retryAfterMs) => {
    const error = await findFailure(httpError(429, errorBody(`Limit reached in org-ABCDEFGH`), fields));
    expect(error).toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      retryable: true,
    });
    expect(error).toHaveProperty('retryAfterMs', retryAfterMs);
    expect(tellError(error)).not.toContain('ABCDEFGH');
  });

  it('tells a used-up quota from a rate limit', async () => {
    const error = await findFailure(httpError(429, errorBody('x', { code: 'insufficient_quota' })));
    expect(error).toMatchObject({ status: 429, type: 'insufficient_quota', code: 'insufficient_quota' });
    expect(error).toHaveProperty('retryable', false);
  });

  it.each([
    [400, 400, null],
    [401, 502, 'upstream_authentication'],
    [404, 502, 'upstream_not_found'],
    [429, 429, 'rate_limit_exceeded'],
    [500, 502, 'upstream_error'],
    [503, 502, 'upstream_error'],
  ])('keeps the meaning of status %i, whatever its body holds', async (status, expected, code) => {
    const nested = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    for (const body of [
      `{"error":${nested}}`,
      `{"error":{"message":${nested}}}`,
      nested,
      { error: { message: { toString: 1 }, code: { toString: 1 }, type: [{ toString: 1 }], param: { toString: 1 } } },
      { detail: [{ msg: 'x', loc: ['body', { toString: 1 }, [{ toString: 1 }]] }] },
    ]) {
      expect(await findFailure(httpError(status, body))).toMatchObject({ status: expected, code });
    }
  });

  it.each([
    [500, 502, 'upstream_error'],
    [502, 502, 'upstream_error'],
    [503, 502, 'upstream_error'],
    [504, 504, 'upstream_timeout'],
    [408, 504, 'upstream_timeout'],
    [409, 502, 'upstream_error'],
    [418, 502, 'upstream_error'],
  ])("turns a proxy's page with status %i into a %i", async (status, expected, code) => {
    const error = await findFailure(httpError(status, HTML));
    expect(error).toMatchObject({ status: expected, code, type: 'server_error' });
    expect(tellError(error)).not.toMatch(/html|10\.0\.0\.7|sk-/i);
  });

  it('asks once, because the client decides on retries', async () => {
    await findFailure(httpError(500, errorBody('x')));
    expect(bench.upstream.requests).toHaveLength(1);
  });

  it('refuses a response that ends right after its headers', async () => {
    expect(await findFailure([steps.headers(), steps.end()])).toMatchObject({
      status: 502,
      code: 'upstream_bad_answer',
    });
    expect(await findFailure([steps.headers(204), steps.end()])).toMatchObject({
      status: 502,
      code: 'upstream_bad_answer',
    });
  });

  it('refuses an HTML page with status 200', async () => {
    const error = await findFailure([steps.headers(200, { 'content-type': 'text/html' }), steps.raw(HTML)]);
    expect(error).toMatchObject({ status: 502, code: 'upstream_bad_answer' });
    expect(tellError(error)).not.toMatch(/Bad Gateway|sk-/);
  });

  it.each<[string, readonly Step[]]>([
    ['no JSON', [steps.raw(`data: <html>${KEY}\n\n`)]],
    ['half a JSON object', [steps.raw('data: {"choices":[\n\n')]],
    ['a JSON string', [steps.chunk('hello')]],
    ['null', [steps.chunk(null)]],
    ['an end without a finish_reason', scriptStream('', { finish: null })],
    ['an end in the middle of an event', [steps.raw('data: {"choices":[{"delta":{"content":"lost'), steps.end()]],
    ['nothing but comments', [steps.comment(), steps.comment()]],
    ['bytes that are no event', [steps.raw(HTML)]],
  ])('refuses %s, after the text before it', async (_, rest) => {
    bench.upstream.next([steps.role(), steps.text('before '), ...rest]);
    const call = bench.call();
    const error = await call.toFailure();
    expect(error).toMatchObject({ status: 502, code: 'upstream_bad_answer' });
    expect(tellError(error)).not.toMatch(/sk-|html/i);
    expect(call.text()).toBe('before ');
  });

  it('refuses JSON with status 200 that is not a completion', async () => {
    const json = steps.headers(200, { 'content-type': 'application/json' });
    expect(await findFailure([json, steps.raw('{"choices":')])).toMatchObject({ code: 'upstream_bad_answer' });
    expect(await findFailure([json, steps.raw('{"hello":"world"}')])).toMatchObject({ code: 'upstream_bad_answer' });
    expect(await findFailure([json, steps.raw(JSON.stringify(errorBody('x')))])).toMatchObject({
      code: 'upstream_error',
    });
  });

  it.each<[string, Step]>([
    ['an error object', steps.chunk(errorBody(`it broke at http://10.0.0.7 ${KEY}`))],
    ['an error that is a string', steps.chunk({ error: `boom ${KEY}` })],
    [
      'an error object beside a choice',
      steps.chunk({
        error: { message: KEY },
        choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'error' }],
      }),
    ],
    ['event: error around an error object', steps.raw(`event: error\ndata: ${JSON.stringify(errorBody(KEY))}\n\n`)],
    ['event: error around its fields', steps.raw(`event: error\ndata: ${JSON.stringify(errorBody(KEY).error)}\n\n`)],
    ['event: error around plain text', steps.raw(`event: error\ndata: upstream exploded ${KEY}\n\n`)],
    ['a finish_reason that says error', steps.finish('error')],
  ])('ends with an error after %s, even if [DONE] follows', async (_, step) => {
    bench.upstream.next([steps.role(), steps.text('before '), step, steps.done()]);
    const call = bench.call();
    const error = await call.toFailure();
    expect(error).toMatchObject({ status: 502, code: 'upstream_error', type: 'server_error' });
    expect(tellError(error)).not.toMatch(/sk-|10\.0\.0\.7|boom|exploded/);
    expect(call.text()).toBe('before ');
  });

  it.each<[string, unknown, object]>([
    ['code 429', { message: 'x', code: 429 }, { status: 429, code: 'rate_limit_exceeded' }],
    ['code "400"', { message: 'Bad prompt', code: '400' }, { status: 400, message: 'Bad prompt' }],
    ['code 401', { message: KEY, code: 401 }, { status: 502, code: 'upstream_authentication' }],
    ['a rate limit by its type', { type: 'rate_limit_error' }, { status: 429, code: 'rate_limit_exceeded' }],
  ])('reads the status from an error in the stream with %s', async (_, error, expected) => {
    expect(await findFailure([steps.chunk({ error })])).toMatchObject(expected);
  });

  it('delivers the deltas of the same read before the fault', async () => {
    bench.upstream.next([
      steps.together(
        steps.role(),
        steps.text('one '),
        steps.text('two '),
        steps.chunk(errorBody('x')),
        steps.text('never'),
      ),
    ]);
    const call = bench.call();
    await call.pull();
    expect(call.text()).toBe('one two ');
    await expect(call.pull()).rejects.toMatchObject({ code: 'upstream_error' });
    expect(call.text()).toBe('one two ');
  });

  it.each([
    ['reset', steps.reset()],
    ['closed', steps.hangUp()],
  ])('reports a connection that is %s in mid-stream, after the text before it', async (_, cut) => {
    bench.upstream.next([steps.role(), steps.text('before'), cut]);
    const call = bench.call();
    expect(await call.toFailure()).toMatchObject({ status: 502, code: 'upstream_connection_lost' });
    expect(call.text()).toBe('before');
  });

  it.each([
    ['reset', steps.reset()],
    ['closed', steps.hangUp()],
  ])('reports a connection that is %s before the response as unreachable', async (_, cut) => {
    expect(await findFailure(cut)).toMatchObject({ status: 502, code: 'upstream_unreachable' });
  });

  it('reports a port where nobody listens as unreachable, without its address', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const deaf = await ModelBench.start({ baseUrl: `http://127.0.0.1:${port}/v1` });
    const error = await deaf.call().toFailure();
    await deaf.close();
    expect(error).toMatchObject({ status: 502, code: 'upstream_unreachable', retryable: true });
    expect(tellError(error)).not.toContain('127.0.0.1');
  });
});
