import { afterEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { RunService } from '../../src/runs/index.js';
import { agent } from '../../src/workflow/index.js';
import { Bench, makeAgentModule, RecordingTracer } from '../support/bench.js';
import {
  assertCompletion,
  assertErrorEnded,
  assertValidError,
  catchRejection,
  eventually,
  readContent,
  findUsage,
} from '../support/checks.js';
import { HELLO, openStream, postJson } from '../support/client.js';
import { errorBody, httpError, scriptCompletion, scriptStream, steps, tokens } from '../support/upstream/index.js';

const BUSY = httpError(503, errorBody('busy'), { 'retry-after-ms': '1' });

class City {
  @IsString() readonly name: string;
  @IsInt() readonly population: number;
}

const inText = {} as const;
const asCity = { output: City } as const;

describe('an agent whose model fails', () => {
  let bench: Bench;
  let tracer: RecordingTracer;
  afterEach(async () => {
    await bench.close();
    tracer.assertAllClosed();
  });
  const start = async (module: Type<unknown>, env: Readonly<Record<string, string>> = {}): Promise<void> => {
    tracer = new RecordingTracer();
    bench = await Bench.start({ imports: [module], tracer, env: { DEMO_TOKENS_PER_SECOND: '0', ...env } });
  };
  const ask = (body: object = {}): ReturnType<typeof postJson> => bench.ask({ model: 'test', ...body });
  const openTest = (): ReturnType<typeof openStream> =>
    bench.open({ model: 'test', stream_options: { include_usage: true } });
  const listEvents = (): readonly string[] =>
    tracer.spans().flatMap(({ events }) => events.map(({ name, level }) => `${name} ${level}`));

  describe('asks it again', () => {
    it('before the first token, and counts the tokens of all tries', async () => {
      // The agent does not pause for longer than the status line is held: the client gets the error instead.
      await start(makeAgentModule(agent({ ...inText, retries: 2 })), { STREAM_OPEN_GRACE_MS: '5000' });
      bench.upstream
        .next(BUSY)
        .next([steps.role(), steps.usage(tokens(3, 0)), steps.delay(20), steps.reset()])
        .next(scriptStream('Here I am.'));
      const items = await (await openTest()).collect();
      assertCompletion(items, { content: 'Here I am.', finish: 'stop', includeUsage: true });
      expect(findUsage(items)?.total_tokens).toBe(3 + 13);
      expect(listEvents()).toEqual(['retry WARNING', 'retry WARNING']);
      expect(tracer.generations().map(({ ending }) => ending?.level ?? 'DEFAULT')).toEqual([
        'ERROR',
        'ERROR',
        'DEFAULT',
      ]);
    });

    it('never after the first token', async () => {
      await start(makeAgentModule(agent({ ...inText, retries: 2, model: ['openai', 'demo'] })));
      bench.upstream.next([steps.role(), steps.text('So far'), steps.delay(20), steps.reset()]);
      const items = await (await openTest()).collect();
      expect(assertErrorEnded(items)).toMatchObject({ code: 'upstream_connection_lost' });
      expect(readContent(items)).toBe('So far');
      expect(bench.upstream.requests).toHaveLength(1);
    });

    it('at any time if the client has seen nothing of it', async () => {
      await start(makeAgentModule(agent({ ...asCity, retries: 1 }), { isVisible: false }));
      bench.upstream
        .next([steps.role(), steps.text('{"name":'), steps.delay(20), steps.reset()])
        .next(scriptCompletion({ name: 'Ulm', population: 126_000 }));
      const { json } = await ask();
      expect(json).toMatchObject({ choices: [{ message: { content: '{"name":"Ulm","population":126000}' } }] });
    });

    it('when it took too long', async () => {
      await start(makeAgentModule(agent({ ...inText, retries: 1, timeout: 500 })));
      bench.upstream.next([steps.role(), steps.delay(5_000)]).next(scriptStream('Quick.'));
      assertCompletion(await (await openTest()).collect(), { content: 'Quick.', includeUsage: true });
    });

    it.each([
      ['what is wrong with the request', httpError(400, errorBody('bad stop')), 400],
      ['a wrong key', httpError(401, errorBody('no')), 502],
      ['a used up quota', httpError(429, errorBody('no', { code: 'insufficient_quota' })), 429],
      ['an upstream that asks for much patience', httpError(429, errorBody('no'), { 'retry-after': '60' }), 429],
    ])('not for %s', async (_, script, status) => {
      await start(makeAgentModule(agent({ ...inText, retries: 3 })));
      bench.upstream.next(script);
      expect((await ask()).status).toBe(status);
      expect(bench.upstream.requests).toHaveLength(1);
    });

    it('not once the client has gone', async () => {
      await start(makeAgentModule(agent({ ...inText, retries: 3 })));
      bench.upstream.next(httpError(503, errorBody('busy'), { 'retry-after': '7' }));
      const leaving = new AbortController();
      const body = { model: 'test', stream: false, messages: HELLO };
      const response = openStream(bench.app.chatUrl, body, { signal: leaving.signal });
      await eventually(() => listEvents().length === 1);
      leaving.abort();
      await catchRejection(response);
      await eventually(() => bench.app.get(RunService).openRuns === 0);
      expect(bench.upstream.requests).toHaveLength(1);
    });
  });

  describe('asks another model', () => {
    it('of another provider, even if only the key was wrong', async () => {
      await start(makeAgentModule(agent({ ...inText, retries: 1, model: ['openai', { model: 'demo' }] })));
      bench.upstream.next(httpError(401, errorBody('no')));
      const items = await (await openTest()).collect();
      const [chunk] = assertCompletion(items, { finish: 'stop', includeUsage: true });
      expect(readContent(items)).not.toBe('');
      expect(chunk?.system_fingerprint).toBe('millrace-demo');
      expect(listEvents()).toEqual(['fallback WARNING']);
      expect(tracer.spans('SpeakingNode')[0]?.events[0]?.data).toMatchObject({
        from: 'openai/gpt-5.4-mini',
        to: 'demo/gpt-5.4-mini',
      });
      expect(tracer.generations().map(({ start }) => start.provider)).toEqual(['openai', 'demo']);
    });

    it('once its own retries are used up, with settings of its own', async () => {
      const config = agent({
        ...inText,
        settings: { temperature: 0 },
        retries: 1,
        model: ['openai/large', 'openai/medium', { model: 'openai/small', settings: { top_p: 0.5 } }],
      });
      await start(makeAgentModule(config));
      for (let i = 0; i < 4; i++) bench.upstream.next(BUSY);
      bench.upstream.next(scriptStream('ok'));
      expect((await ask()).status).toBe(200);
      const asked = bench.upstream.requests.map(({ body }) => [body.model, body.temperature, body.top_p]);
      expect(asked).toEqual([
        ['large', 0, undefined],
        ['large', 0, undefined],
        ['medium', 0, undefined],
        ['medium', 0, undefined],
        ['small', undefined, 0.5],
      ]);
    });

    it('and says what went wrong with the first if the other refuses the request', async () => {
      await start(makeAgentModule(agent({ ...inText, model: ['openai', 'openai/other'] })));
      bench.upstream.next(httpError(429, errorBody('slow down'))).next(httpError(400, errorBody('what is seed?')));
      const { status, json } = await ask();
      assertValidError(json);
      expect([status, json.error.code]).toEqual([429, 'rate_limit_exceeded']);
    });

    it('but not if the request itself is at fault', async () => {
      await start(makeAgentModule(agent({ ...inText, model: ['openai', { model: 'demo' }] })));
      bench.upstream.next(httpError(400, errorBody('bad stop')));
      expect((await ask()).status).toBe(400);
    });
  });

  describe('shows it what is wrong with a structured output', () => {
    it('and takes the corrected one', async () => {
      await start(makeAgentModule(agent(asCity), { isVisible: false }));
      bench.upstream
        .next(scriptCompletion({ name: 'Ulm', population: 'many' }))
        .next(scriptCompletion({ name: 'Ulm', population: 126_000 }));
      const { json } = await ask();
      expect(json).toMatchObject({
        choices: [{ message: { content: '{"name":"Ulm","population":126000}' }, finish_reason: 'stop' }],
      });
      expect(bench.upstream.requests[1]?.body.messages).toEqual([
        ...HELLO,
        { role: 'assistant', content: '{"name":"Ulm","population":"many"}' },
        { role: 'user', content: expect.stringContaining('\n- population: must be a whole number\n') },
      ]);
      expect(bench.upstream.requests[1]?.body.response_format).toMatchObject({ type: 'json_schema' });
      expect(listEvents()).toEqual(['repair WARNING']);
    });

    it('once, then fails', async () => {
      await start(makeAgentModule(agent(asCity), { isVisible: false }));
      bench.upstream.next(scriptStream('no JSON')).next(scriptStream('none either'));
      const { status, json, text } = await ask();
      assertValidError(json);
      expect([status, json.error.code]).toEqual([502, 'invalid_structured_output']);
      expect(text).not.toContain('none either');
    });

    it('and begins again after a retry and with the other model', async () => {
      const model = ['openai', 'openai/other'] as const;
      await start(makeAgentModule(agent({ ...asCity, repairs: 0, retries: 1, model }), { isVisible: false }));
      bench.upstream
        .next(scriptStream('no JSON'))
        .next(scriptStream('none either'))
        .next(scriptCompletion({ name: 'Ulm', population: 1 }));
      expect((await ask()).status).toBe(200);
      expect(bench.upstream.requests.map(({ body }) => [body.model, body.messages.length])).toEqual([
        ['gpt-5.4-mini', 1],
        ['gpt-5.4-mini', 1],
        ['other', 1],
      ]);
    });

    it('but not if it streams, because its text has been sent', async () => {
      await start(makeAgentModule(agent(asCity)));
      bench.upstream.next(scriptStream('no JSON'));
      const items = await (await openTest()).collect();
      expect(assertErrorEnded(items)).toMatchObject({ code: 'invalid_structured_output' });
    });
  });
});
