import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { assertCompletion, assertErrorEnded, readContent } from '../support/chunks.js';
import { FakeClock } from '../support/fake-clock.js';
import { postJson } from '../support/http-client.js';
import type { SseStream } from '../support/sse-client.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import {
  chunk,
  comment,
  type ContentStep,
  cutOff,
  done,
  end,
  errorBody,
  finish,
  gate,
  raw,
  reset,
  role,
  stall,
  type Step,
  text,
  together,
  usage,
} from '../support/upstream/steps.js';

const USAGE = tokens(3, 4);
const WITH_USAGE = { stream_options: { include_usage: true } };

describe('the end of an upstream answer', () => {
  let bench: Bench;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    // On a clock that stands still, text that is to be joined would wait for ever.
    bench = await Bench.start({ clock, env: { STREAM_DEBOUNCE_MS: '0' } });
  });
  afterEach(() => bench.close());

  const open = (body: object = {}): Promise<SseStream> => bench.open(body);
  const saw = (stream: SseStream, words: string): Promise<unknown> =>
    stream.until(() => readContent(stream.items).includes(words));
  /** Two parts in one read, of which the second says that the answer is over: the client sees it, so the server has read both. */
  const EARLY = together(role(), text('part0 '), finish('stop'));

  describe('text after a finish_reason', () => {
    it('revokes it, however long the model thinks in between', async () => {
      const thinking = gate();
      bench.upstream.next([EARLY, thinking, text('part1 '), text('part2'), finish('length'), usage(USAGE), done()]);
      const stream = await open(WITH_USAGE);
      await saw(stream, 'part0');
      await clock.advanceAsync(59_000);
      thinking.open();
      const expected = { content: 'part0 part1 part2', finish: 'length', includeUsage: true, usage: USAGE };
      assertCompletion(await stream.collect(), expected);
    });

    it('needs no second finish_reason if [DONE] follows', async () => {
      bench.upstream.next([EARLY, text('part1'), usage(USAGE), done()]);
      assertCompletion(await (await open()).collect(), { content: 'part0 part1', finish: 'stop' });
    });

    it.each<[string, readonly Step[], string]>([
      ['breaks', [text('part1'), reset()], 'upstream_connection_lost'],
      ['ends', [text('part1'), end()], 'upstream_bad_answer'],
      ['reports an error', [text('part1'), chunk(errorBody('out of memory'))], 'upstream_error'],
    ])('is an error when the answer then %s before anybody has finished it', async (_, rest, code) => {
      const read = gate();
      bench.upstream.next([EARLY, text('part1'), read, ...rest]);
      const stream = await open();
      await saw(stream, 'part0');
      read.open();
      const items = await stream.collect();
      expect(assertErrorEnded(items).code).toBe(code);
      expect(readContent(items)).toMatch(/^part0 part1/);
    });

    it('makes later reasons of the answer unreliable: a reset after the next one is an error', async () => {
      const stamped = (content: string): Step =>
        chunk({ choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] });
      const read = gate();
      bench.upstream.next([stamped('part0 '), stamped('part1 '), read, reset()]);
      const stream = await open();
      await saw(stream, 'part0');
      await read.reached;
      read.open();
      expect(assertErrorEnded(await stream.collect()).code).toBe('upstream_connection_lost');
      bench.upstream.next([stamped('part0 '), stamped('part1 '), stamped('part2'), end()]);
      assertCompletion(await (await open()).collect(), { content: 'part0 part1 part2', finish: 'stop' });
    });
  });

  describe('usage that was asked for', () => {
    it('is waited for as long as the upstream may be silent', async () => {
      const counting = gate();
      bench.upstream.next([together(role(), text('all'), finish('stop')), counting, usage(USAGE), done()]);
      const stream = await open(WITH_USAGE);
      await saw(stream, 'all');
      await clock.advanceAsync(59_000);
      counting.open();
      assertCompletion(await stream.collect(), { content: 'all', finish: 'stop', includeUsage: true, usage: USAGE });
    });

    it('is not waited for longer because the upstream sends comments', async () => {
      const gates = [gate(), gate(), gate()];
      bench.upstream.next([
        together(role(), text('all'), finish('stop')),
        ...gates.flatMap((each) => [each, comment()]),
        stall(),
      ]);
      const stream = await open();
      await saw(stream, 'all');
      for (const each of gates) {
        await each.reached;
        await clock.advanceAsync(25_000);
        each.open();
      }
      assertCompletion(await stream.collect(), { content: 'all', finish: 'stop' });
    });

    it('is waited for in vain only once if a model falls silent after its finish_reason', async () => {
      const silent = [together(role(), text('all'), finish('stop')), stall()];
      const endsAfter = async (ms: number): Promise<void> => {
        bench.upstream.next(silent);
        const stream = await open();
        await saw(stream, 'all');
        await clock.advanceAsync(ms - 1);
        expect(stream.items.at(-1)).not.toMatchObject({ data: '[DONE]' });
        await clock.advanceAsync(1);
        assertCompletion(await stream.collect(), { content: 'all', finish: 'stop' });
      };
      await endsAfter(60_000);
      await endsAfter(2_000);
      await endsAfter(2_000);
      // Text still revokes a finish_reason, and then the model has its full time.
      const thinking = gate();
      const more = [together(text('part1 '), finish('stop')), thinking, text('part2'), finish('stop'), done()];
      bench.upstream.next([EARLY, ...more]);
      const stream = await open();
      await saw(stream, 'part1');
      await clock.advanceAsync(59_000);
      thinking.open();
      assertCompletion(await stream.collect(), { content: 'part0 part1 part2', finish: 'stop' });
      await endsAfter(60_000);
      // For example, another server answers for the model now, which ends its answers.
      bench.upstream.next(scriptStream('all'));
      await (await open()).collect();
      await endsAfter(60_000);
    });
  });

  it.each<[string, Step]>([
    ['[DONE] with a blank behind it', raw('data: [DONE] \n\n')],
    ['[DONE] without its brackets', raw('data: DONE\n\n')],
    ['an event with a name', raw('event: ping\ndata: {"type":"ping"}\n\n')],
    ['an event with a name and no JSON', raw('event: heartbeat\ndata: still here\n\n')],
    ['broken JSON', raw('data: {"choices":[\n\n')],
    ['text that is no event', raw('bye\n\n')],
    ['a chunk of unknown things', chunk({ choices: [], x_stats: { tokens_per_second: 17 } })],
    ['an empty choice', chunk({ choices: [{ index: 0, delta: {} }] })],
    ['an error object', chunk(errorBody('could not count the tokens'))],
    ['an error event', raw('event: error\ndata: broken pipe\n\n')],
    ['a connection that breaks', reset()],
  ])('is the end, though %s follows it', async (_, oddity) => {
    const read = gate();
    bench.upstream.next([together(role(), text('all'), finish('stop')), read, oddity]);
    const stream = await open();
    await saw(stream, 'all');
    read.open();
    assertCompletion(await stream.collect(), { content: 'all', finish: 'stop' });
  });

  it('is not at a named event in the middle; an event that holds a chunk is read, whatever its name', async () => {
    const named = (name: string, content: string): Step =>
      raw(`event: ${name}\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    bench.upstream.next([
      raw('event: ping\ndata: {}\n\n'),
      named('completion', 'one '),
      raw('event: heartbeat\ndata: tick\n\n'),
      raw('event: debug\ndata: "choices" and "error" are words\n\n'),
      named('message', 'two '),
      named('chat.completion.chunk', 'three'),
      finish('stop'),
      done(),
    ]);
    assertCompletion(await (await open()).collect(), { content: 'one two three', finish: 'stop' });
    bench.upstream.next([text('one '), raw(`event: exception\ndata: ${JSON.stringify(errorBody('x'))}\n\n`), end()]);
    expect(assertErrorEnded(await (await open()).collect()).code).toBe('upstream_error');
  });
});

describe('an upstream connection that closes before the end of its body', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  const PIECES = Array.from({ length: 2_000 }, (_, index) => `${index} ${'x'.repeat(4_000)}\n`);
  const paused = async (script: readonly Step[]): Promise<SseStream> => {
    bench.upstream.next(script);
    const stream = await bench.open();
    await stream.until(({ kind }) => kind === 'data');
    stream.pause();
    return stream;
  };
  /** A client that reads again, but slowly: it stops over and over. */
  const collectSlowly = async (stream: SseStream): ReturnType<SseStream['collect']> => {
    const collected = stream.collect({ within: 30_000 });
    for (let i = 0; i < 50; i++) {
      stream.resume();
      await new Promise((resolve) => setImmediate(resolve));
      stream.pause();
      await new Promise((resolve) => setImmediate(resolve));
    }
    stream.resume();
    return collected;
  };

  it('loses nothing for a slow client, and is a failure after that if the answer was not complete', async () => {
    const stream = await paused([role(), ...PIECES.map((piece) => text(piece)), cutOff()]);
    const items = await collectSlowly(stream);
    expect(assertErrorEnded(items).code).toBe('upstream_connection_lost');
    expect(readContent(items)).toBe(PIECES.join(''));
  }, 60_000);

  describe('loses nothing of what came faster than it could be read', () => {
    const WORDS = Array.from({ length: 2_000 }, (_, index) => `${index} `);
    const answerTo = async (...ending: readonly ContentStep[]): ReturnType<SseStream['collect']> => {
      bench.upstream.next([role(), together(...WORDS.map((word) => text(word)), ...ending), cutOff()]);
      return (await bench.open()).collect();
    };

    it('and is no failure after [DONE]', async () => {
      assertCompletion(await answerTo(finish('stop'), done()), { content: WORDS.join(''), finish: 'stop' });
    });

    it('and is a failure after that if the answer was not complete', async () => {
      const items = await answerTo();
      expect(assertErrorEnded(items).code).toBe('upstream_connection_lost');
      expect(readContent(items)).toBe(WORDS.join(''));
    });
  });

  it('is no failure if a JSON answer is whole', async () => {
    const message = { role: 'assistant', content: 'All of it.' };
    const json = JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] });
    bench.upstream.next([raw(json), cutOff()]).next([raw(json.slice(0, -2)), cutOff()]);
    const ask = (): ReturnType<typeof postJson> => bench.ask();
    expect((await ask()).json).toMatchObject({ choices: [{ message: { content: 'All of it.' } }] });
    expect(await ask()).toMatchObject({ status: 502, json: { error: { code: 'upstream_connection_lost' } } });
  });
});
