import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http-client.js';
import { CHAT, DURATION } from '../support/messages.js';
import { catchRejection } from '../support/rejection.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { errorBody, hangUp, httpError, role, stall, text } from '../support/upstream/steps.js';

describe('limits', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  const start = async (env: Record<string, string>): Promise<Bench> => (bench = await Bench.start({ env }));

  it('of tokens count what runs have used, streamed or not', async () => {
    await start({ LIMIT_TOKENS_PER_MINUTE: '100' });
    bench.upstream
      .next(scriptStream('Hi', { usage: tokens(30, 20) }))
      .next(scriptStream('Hi', { usage: tokens(40, 30) }));
    expect((await bench.ask()).headers['x-ratelimit-remaining-tokens']).toBe('100');
    const stream = await bench.open();
    expect(stream.headers).toMatchObject({ 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '50' });
    await stream.collect();
    const { status, json, headers } = await eventually(async () => bench.ask());
    expect(status).toBe(429);
    expect(json).toMatchObject({ error: { type: 'tokens', code: 'rate_limit_exceeded' } });
    expect(headers['x-ratelimit-remaining-tokens']).toBe('0');
    expect(headers['x-ratelimit-reset-tokens']).toMatch(DURATION);
  });

  describe('of tokens count an estimate where no model tells the usage', () => {
    // At least 900 tokens.
    const long = 'The quick brown fox jumps over the lazy dog. '.repeat(90);
    const unreported = { usagePlace: 'never' } as const;
    const ends: [string, () => Promise<unknown>][] = [
      [
        'when the client leaves before it is told',
        async () => {
          bench.upstream.next([role(), text(long), stall()]);
          const stream = await bench.open();
          await stream.until((item) => item.kind === 'data' && item.data.includes('lazy'));
          stream.destroy();
        },
      ],
      [
        'when the client leaves before anything is said',
        async () => {
          bench.upstream.next([role(), stall()]);
          const leaving = new AbortController();
          const body = { ...CHAT, stream: true, messages: [{ role: 'user', content: long }] };
          const { response } = send('POST', bench.app.chatUrl, body, { signal: leaving.signal });
          await bench.upstream.request(0);
          leaving.abort();
          await catchRejection(response);
        },
      ],
      [
        'when the model fails in the middle',
        async () => {
          bench.upstream.next([role(), text(long), hangUp()]);
          await (await bench.open()).collect();
        },
      ],
      [
        'when it never tells, in a stream',
        async () => {
          bench.upstream.next(scriptStream(long, unreported));
          await (await bench.open()).collect();
        },
      ],
      [
        'when it never tells, in a whole completion',
        async () => {
          bench.upstream.next(scriptStream(long, unreported));
          expect((await bench.ask()).json).not.toHaveProperty('usage');
        },
      ],
      [
        'when it tells nonsense',
        async () => {
          const nonsense = { prompt_tokens: 'few', completion_tokens: -5, total_tokens: 1e99 };
          bench.upstream.next(scriptStream(long, { usage: nonsense as never }));
          await bench.ask();
        },
      ],
      [
        'when it has told only the beginning',
        async () => {
          bench.upstream.next([role(), text('The', { usage: tokens(5, 1) }), text(long), stall()]);
          const stream = await bench.open();
          await stream.until((item) => item.kind === 'data' && item.data.includes('lazy'));
          stream.destroy();
        },
      ],
    ];

    it.each(ends)('%s', async (_, end) => {
      await start({ LIMIT_TOKENS_PER_MINUTE: '800' });
      await end();
      bench.upstream.always(scriptStream('Hi', { usage: tokens(1, 1) }));
      const { json } = await eventually(async () => {
        const response = await bench.ask();
        return response.status === 429 ? response : undefined;
      });
      expect(json).toMatchObject({ error: { type: 'tokens' } });
    });

    it('but nothing where no model worked, and nothing beyond the usage that a model tells', async () => {
      await start({ LIMIT_TOKENS_PER_MINUTE: '800' });
      const body = { messages: [{ role: 'user', content: long }] };
      bench.upstream.next(httpError(500, errorBody('no'))).next(httpError(429, errorBody('no')));
      bench.upstream
        .next(scriptStream(long, { usage: tokens(10, 10) }))
        .next(scriptStream('Hi', { usage: tokens(1, 1) }));
      expect([(await bench.ask(body)).status, (await bench.ask(body)).status, (await bench.ask(body)).status]).toEqual([
        502, 429, 200,
      ]);
      expect((await bench.ask()).headers['x-ratelimit-remaining-tokens']).toBe('780');
    });

    it('of silent steps, too, and the access log says how many', async () => {
      await start({ LIMIT_TOKENS_PER_MINUTE: '100000', LOG_FORMAT: 'json' });
      const lines: Record<string, unknown>[] = [];
      const ignore = (): void => undefined;
      const log = (_line: string, fields: object): unknown => lines.push({ ...fields });
      bench.app.nest.useLogger({ log, warn: ignore, error: ignore });
      for (const said of [{ intent: 'refund', escalate: true }, { spam: false }]) {
        bench.upstream.next(scriptStream(JSON.stringify({ reasoning: long, ...said }), unreported));
      }
      await bench.ask({ model: 'customer-care', messages: [{ role: 'user', content: long }] });
      bench.upstream.next(scriptStream('Hi', { usage: tokens(1, 1) }));
      await bench.ask();
      const logged = await eventually(() => (lines.length === 2 ? lines : undefined));
      // The estimate counts the message twice, and the reasoning, which the client never gets.
      expect(logged[0]?.['estimated_tokens']).toBeGreaterThan(4 * 900);
      expect(logged[0]?.['estimated_tokens']).toBeLessThan(4 * 900 + 1_000);
      expect(logged.map((line) => [line['estimated_tokens'] === undefined, line['output_tokens']])).toEqual([
        [false, undefined],
        [true, 1],
      ]);
    });
  });
});
