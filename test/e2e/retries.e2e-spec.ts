import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { agent } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { assertCompletion, assertErrorEnded } from '../support/chunks.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { openStream } from '../support/sse-client.js';
import { scriptCompletion, type Script, scriptStream } from '../support/upstream/scripts.js';
import { delay, errorBody, httpError } from '../support/upstream/steps.js';
import { assertValidError } from '../support/wire-schema.js';
import { makeAgentModule } from '../support/workflow-kit.js';

/** An agent that retries its model, and then falls back to another one. */
const PatientModule = makeAgentModule(agent({ retries: 3, model: ['openai', { model: 'openai/other' }] }), {
  id: 'patient',
  key: 'PatientNode',
});

const scriptLimit = (fields: Record<string, string>): Script => httpError(429, errorBody('slow down'), fields);

describe('retries of the upstream', () => {
  let bench: Bench;
  let tracer: RecordingTracer;
  beforeEach(async () => {
    tracer = new RecordingTracer();
    // The default number of retries; the bench sets it to 0.
    bench = await Bench.start({ tracer, imports: [PatientModule], env: { UPSTREAM_MAX_RETRIES: '1' } });
  });
  afterEach(() => bench.close());

  const ask = (model: string, stream: boolean): ReturnType<typeof postJson> => bench.ask({ model, stream });
  const open = (model: string): ReturnType<typeof openStream> => bench.open({ model });

  it('spare the client a passing failure, and show in the trace', async () => {
    bench.upstream.next(httpError(503, 'busy')).next(scriptStream('Here.'));
    const response = await ask('chat', false);
    expect(response.json).toMatchObject({ choices: [{ message: { content: 'Here.' } }] });
    expect(tracer.generations()[0]?.events).toMatchObject([{ name: 'retry', level: 'WARNING', data: { attempt: 1 } }]);
  });

  it('still leave time for a status when they fail', async () => {
    bench.upstream.next(httpError(500, 'down')).next(httpError(500, 'down'));
    expect((await ask('chat', true)).status).toBe(502);
  });

  describe('wait for an upstream that asks for patience', () => {
    it('while the status line can wait, too', async () => {
      bench.upstream.next(scriptLimit({ 'retry-after-ms': '100' })).next(scriptStream('Here.'));
      assertCompletion(await (await open('chat')).collect(), { content: 'Here.' });
      expect(bench.upstream.requests).toHaveLength(2);
    });

    it('but not longer than that: a streaming client gets the status at once, and its SDK waits', async () => {
      bench.upstream.next(scriptLimit({ 'retry-after': '1' }));
      const { status, headers, json } = await ask('chat', true);
      assertValidError(json);
      expect([status, json.error.code, headers['retry-after']]).toEqual([429, 'rate_limit_exceeded', '1']);
      expect(bench.upstream.requests).toHaveLength(1);

      bench.upstream.next(scriptLimit({ 'retry-after': '1' })).next(scriptStream('Here.'));
      const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 1 });
      const stream = await client.chat.completions.create({ model: 'chat', messages: HELLO, stream: true });
      let content = '';
      for await (const chunk of stream) content += chunk.choices[0]?.delta.content ?? '';
      expect(content).toBe('Here.');
    });

    it('but not for an agent with retries of its own, which asks its fallback instead', async () => {
      bench.upstream.next(scriptLimit({ 'retry-after': '3' })).next(scriptLimit({ 'retry-after': '2' }));
      const { status, headers } = await ask('patient', true);
      expect([status, headers['retry-after']]).toEqual([429, '2']);
      expect(bench.upstream.requests.map(({ body }) => body.model)).toEqual(['gpt-5.4-mini', 'other']);
      const failures = tracer.spans('PatientNode')[0]?.events.map(({ name }) => name);
      expect(failures).toEqual(['fallback']);
    });

    it('for a client that does not stream, which can be told at any time', async () => {
      bench.upstream.next(scriptLimit({ 'retry-after': '1' })).next(scriptStream('Here.'));
      expect((await ask('chat', false)).json).toMatchObject({ choices: [{ message: { content: 'Here.' } }] });
    });

    it('once something has been sent to the client, because no status can be sent any more', async () => {
      bench.upstream
        .next(scriptStream('First.'))
        .next(scriptLimit({ 'retry-after': '1' }))
        .next(scriptCompletion({ thinking: 'Hm.', reply: 'Second.' }));
      assertCompletion(await (await open('streaming')).collect(), { finish: 'stop' });
      expect(bench.upstream.requests).toHaveLength(3);
    });

    it('once the status line has been sent, even without text', async () => {
      bench.upstream.next([delay(700), scriptLimit({ 'retry-after': '1' })].flat()).next(scriptStream('Here.'));
      assertCompletion(await (await open('chat')).collect(), { content: 'Here.' });
      bench.upstream.next([delay(700), scriptLimit({ 'retry-after': '9' })].flat());
      expect(assertErrorEnded(await (await open('chat')).collect()).code).toBe('rate_limit_exceeded');
    });
  });

  describe('are not made for a failure that stays', () => {
    it.each([
      [402, 429, 'insufficient_quota'],
      [405, 502, 'upstream_not_found'],
      [410, 502, 'upstream_not_found'],
      [414, 502, 'upstream_error'],
      [415, 502, 'upstream_error'],
      [423, 502, 'upstream_error'],
      [431, 502, 'upstream_error'],
      [451, 502, 'upstream_error'],
      [501, 502, 'upstream_error'],
      [505, 502, 'upstream_error'],
    ])('as a %i says: neither by the provider nor by the agent, nor by the client', async (status, expected, code) => {
      bench.upstream.next(httpError(status, errorBody('no'))).next(httpError(status, errorBody('no')));
      const { status: told, json, headers } = await ask('patient', false);
      assertValidError(json);
      expect([told, json.error.code, headers['x-should-retry']]).toEqual([expected, code, 'false']);
      // Each model gets one request, because another model may still work.
      expect(bench.upstream.requests.map(({ body }) => body.model)).toEqual(['gpt-5.4-mini', 'other']);
    });

    it('as a fault of the request where moderation objects to it, in the words of OpenRouter', async () => {
      const metadata = { reasons: ['violence'], flagged_input: 'kill …', provider_name: 'OpenAI' };
      const message = 'openai/gpt-5.4 requires moderation. Your input was flagged for "violence".';
      bench.upstream.next(httpError(403, { error: { code: 403, message, metadata } }));
      const { status, json } = await ask('chat', false);
      assertValidError(json);
      expect([status, json.error.type, json.error.code]).toEqual([400, 'invalid_request_error', 'content_filter']);
      expect(json.error.message).not.toMatch(/credentials|kill/);
      expect(bench.upstream.requests).toHaveLength(1);
    });

    it.each<[string, number, object]>([
      ['OpenAI', 429, { code: 'insufficient_quota', type: 'insufficient_quota', message: 'x' }],
      ['DeepSeek', 402, { code: 'invalid_request_error', type: 'unknown_error', message: 'Insufficient Balance' }],
      ['OpenRouter', 402, { code: 402, message: 'Insufficient credits' }],
      [
        'Anthropic',
        400,
        { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' },
      ],
      ['SiliconFlow', 403, { code: 30001, message: 'Sorry, your account balance is insufficient' }],
      ['xAI', 403, { code: 'x', message: "Your newly created team doesn't have any credits yet." }],
      ['Fireworks', 412, { message: 'Account a is suspended, possibly due to reaching the monthly spending limit' }],
      ['Moonshot', 403, { type: 'exceeded_current_quota_error', message: 'Your account org-x is not active' }],
      ['GLM', 429, { code: '1113', message: '余额不足或无可用资源包,请充值。' }],
      ['DashScope', 400, { code: 'Arrearage', type: 'Arrearage', message: 'Access denied' }],
      [
        'Google by the day',
        429,
        {
          code: 429,
          status: 'RESOURCE_EXHAUSTED',
          message: 'You exceeded your current quota.',
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
              violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }],
            },
            { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '20s' },
          ],
        },
      ],
    ])('as a quota that is used up, in the words of %s', async (_, status, error) => {
      bench.upstream.next(httpError(status, { error }));
      const { status: told, json, headers } = await ask('chat', false);
      assertValidError(json);
      expect(json.error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota' });
      expect([told, headers['x-should-retry'], headers['retry-after']]).toEqual([429, 'false', undefined]);
      expect(bench.upstream.requests).toHaveLength(1);
    });

    it('but a limit per minute passes, after the time that Google names in its details', async () => {
      const details = [
        { violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier' }] },
        { retryDelay: '20.04s' },
      ];
      bench.upstream.next(
        httpError(429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x', details } }),
      );
      const { status, json, headers } = await ask('chat', false);
      assertValidError(json);
      expect([status, json.error.code, headers['retry-after']]).toEqual([429, 'rate_limit_exceeded', '21']);
    });
  });
});
