import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Bench } from '../support/bench.js';
import { assertCompletion, assertValidError, readContent } from '../support/checks.js';
import { CHAT, openStream, postJson } from '../support/client.js';
import { errorBody, httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';

const USAGE = tokens(3, 4);
const WHOLE = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'Grüße 🙂' }, finish_reason: 'stop' }],
  usage: USAGE,
};
const PAGE = '<!doctype html><html><body>Log in at http://10.0.0.7</body></html>';

describe('an upstream’s response is read by its content', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  const TYPES = [
    'text/event-stream',
    'application/json',
    'application/octet-stream',
    'application/x-ndjson',
    'text/plain; charset=utf-8',
    'text/html',
    '',
  ];

  it.each(TYPES)('an event stream with the content type "%s"', async (type) => {
    for (const start of ['', '\uFEFF', '\r\n\n', ': hello\n\n', 'id: 1\nretry: 10\n']) {
      bench.upstream.next([
        steps.headers(200, { 'content-type': type }),
        steps.raw(start),
        ...scriptStream('Grüße 🙂'),
      ]);
      const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
      assertCompletion(await stream.collect(), { content: 'Grüße 🙂', finish: 'stop' });
    }
  });

  it.each(TYPES)('one JSON object with the content type "%s"', async (type) => {
    for (const start of ['', '\uFEFF', ' \n\t']) {
      bench.upstream.next([steps.headers(200, { 'content-type': type }), steps.raw(start + JSON.stringify(WHOLE))]);
      const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
      assertCompletion(await stream.collect(), { content: 'Grüße 🙂', finish: 'stop' });
    }
  });

  it('however small the pieces are in which it comes', async () => {
    const type = steps.headers(200, { 'content-type': 'application/octet-stream' });
    bench.upstream.next([
      type,
      steps.cutEvery(1),
      steps.style({ dataSpace: false }),
      steps.raw('\uFEFF'),
      ...scriptStream('By bytes'),
    ]);
    const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
    assertCompletion(await stream.collect(), { content: 'By bytes', finish: 'stop' });
  });

  it('one JSON object is a whole completion, even if it does not say why it stopped', async () => {
    const completions: readonly (readonly [unknown, string, string])[] = [
      [{ message: { role: 'assistant', content: 'Yes.' } }, 'stop', 'Yes.'],
      [{ message: { role: 'assistant', content: 'Yes.' }, finish_reason: null }, 'stop', 'Yes.'],
      [{ message: { tool_calls: [{ function: { name: 'look', arguments: '{}' } }] } }, 'tool_calls', ''],
    ];
    for (const [choice, finish, content] of completions) {
      bench.upstream.next([
        steps.headers(200, { 'content-type': 'application/json' }),
        steps.raw(JSON.stringify({ choices: [choice] })),
      ]);
      const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
      assertCompletion(await stream.collect(), { content, finish });
    }
    bench.upstream.next([
      steps.headers(200, { 'content-type': 'application/json' }),
      steps.raw('{"choices":[{"message":{}}]}'),
    ]);
    expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(502);
  });

  it('a message that repeats the whole stream is not passed on', async () => {
    const again = { choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }] };
    bench.upstream.next([steps.role(), steps.text('Ye'), steps.text('s.'), steps.chunk(again), steps.done()]);
    const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
    assertCompletion(await stream.collect(), { content: 'Yes.', finish: 'stop' });
    bench.upstream.next([steps.chunk({ choices: [{ message: { content: 'Y' } }] }), steps.chunk(again), steps.done()]);
    expect((await postJson(bench.app.chatUrl, CHAT)).json).toMatchObject({
      choices: [{ message: { content: 'YYes.' } }],
    });
  });

  it.each([
    ['in the choice', { choices: [{ delta: {}, finish_reason: 'stop', usage: USAGE }] }],
    ['in x_groq', { choices: [{ delta: {}, finish_reason: 'stop' }], x_groq: { id: 'a', usage: USAGE } }],
  ])('usage %s counts', async (_, last) => {
    bench.upstream.next([steps.role(), steps.text('Yes.'), steps.chunk(last), steps.done()]);
    expect((await postJson(bench.app.chatUrl, CHAT)).json).toMatchObject({ usage: USAGE });
  });

  it.each([null, false, '', {}, { message: '', type: '', param: null, code: 0 }])(
    'a key `error` with %j in it is no error',
    async (error) => {
      bench.upstream.next([
        steps.chunk({ error, choices: [{ delta: { content: 'Yes.' } }] }),
        steps.finish('stop'),
        steps.done(),
      ]);
      const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
      assertCompletion(await stream.collect(), { content: 'Yes.', finish: 'stop' });
    },
  );

  it('an object of the kind `error` is an error, with its status', async () => {
    bench.upstream.next([
      steps.chunk({ object: 'error', message: 'Too long', type: 'BadRequestError', code: 400 }),
      steps.done(),
    ]);
    const { status, json } = await postJson(bench.app.chatUrl, CHAT);
    expect([status, json]).toMatchObject([400, { error: { message: 'Too long' } }]);
  });

  it('and nothing else is taken for a completion', async () => {
    for (const [type, body] of [
      ['text/html', PAGE],
      ['text/plain', 'datagram'],
      ['application/json', 'upstream connect error'],
      ['application/json', '[{"choices":[]}]'],
      ['text/event-stream', PAGE],
      ['text/plain', ' '.repeat(10_000)],
    ] as const) {
      bench.upstream.next([steps.headers(200, { 'content-type': type }), steps.raw(body)]);
      const { status, json, text } = await postJson(bench.app.chatUrl, { ...CHAT, stream: true });
      assertValidError(json);
      expect([status, json.error.code]).toEqual([502, 'upstream_bad_answer']);
      expect(text).not.toMatch(/10\.0\.0\.7|datagram|connect error/);
    }
  });
});

describe('an upstream that cannot stream', () => {
  const refusal = (): ReturnType<typeof httpError> =>
    httpError(
      400,
      errorBody('Your organization must be verified to stream this model.', {
        type: 'invalid_request_error',
        param: 'stream',
        code: 'unsupported_value',
      }),
    );

  it('is asked for whole completions if its setting says so, and clients stream all the same', async () => {
    const bench = await Bench.start({ env: { OPENAI_STREAM: 'off' } });
    try {
      bench.upstream.always(scriptStream('All of it, at once.', { usage: USAGE }));
      const body = { ...CHAT, stream: true, stream_options: { include_usage: true } };
      const items = await (await openStream(bench.app.chatUrl, body)).collect();
      assertCompletion(items, { finish: 'stop', includeUsage: true, usage: USAGE });
      expect(readContent(items)).toBe('All of it, at once.');
      const { json } = await postJson(bench.app.chatUrl, CHAT);
      expect(json).toMatchObject({ choices: [{ message: { content: 'All of it, at once.' } }], usage: USAGE });
      for (const { body: asked } of bench.upstream.requests) {
        expect(asked.stream).toBe(false);
        expect(asked).not.toHaveProperty('stream_options');
      }
    } finally {
      await bench.close();
    }
  });

  it('is reported as the fault of the server, whose log names the setting', async () => {
    const bench = await Bench.start();
    const lines: string[] = [];
    Logger.overrideLogger({ log() {}, error() {}, warn: (line: string) => lines.push(line) });
    try {
      bench.upstream.next(refusal());
      const { status, json, headers: fields } = await postJson(bench.app.chatUrl, { ...CHAT, stream: true });
      assertValidError(json);
      expect([status, json.error.code, json.error.param]).toEqual([502, 'upstream_cannot_stream', null]);
      expect(fields['x-should-retry']).toBe('false');
      expect(lines.join('\n')).toContain('set OPENAI_STREAM=off');
    } finally {
      Logger.overrideLogger(false);
      await bench.close();
    }
  });
});
