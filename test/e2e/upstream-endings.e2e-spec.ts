import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench, FakeClock } from '../support/bench.js';
import { assertCompletion, assertErrorEnded, readContent } from '../support/checks.js';
import { postJson, type SseStream, WITH_USAGE } from '../support/client.js';
import { errorBody, scriptStream, type Step, steps, tokens } from '../support/upstream/index.js';

const USAGE = tokens(3, 4);

describe('the end of an upstream’s response', () => {
  let bench: Bench;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    // On a stopped clock, text that waits to be merged would wait for ever.
    bench = await Bench.start({ clock, env: { STREAM_DEBOUNCE_MS: '0' } });
  });
  afterEach(() => bench.close());

  const open = (body: object = {}): Promise<SseStream> => bench.open(body);
  const saw = (stream: SseStream, words: string): Promise<unknown> =>
    stream.until(() => readContent(stream.items).includes(words));
  /** Two parts in one read, of which the second ends the output: when the client sees the end, the server has read both. */
  const EARLY = steps.together(steps.role(), steps.text('part0 '), steps.finish('stop'));

  describe('text after a finish_reason', () => {
    it('revokes it, however long the model thinks in between', async () => {
      const thinking = steps.gate();
      bench.upstream.next([
        EARLY,
        thinking,
        steps.text('part1 '),
        steps.text('part2'),
        steps.finish('length'),
        steps.usage(USAGE),
        steps.done(),
      ]);
      const stream = await open(WITH_USAGE);
      await saw(stream, 'part0');
      await clock.advanceAsync(59_000);
      thinking.open();
      const expected = { content: 'part0 part1 part2', finish: 'length', includeUsage: true, usage: USAGE };
      assertCompletion(await stream.collect(), expected);
    });

    it('needs no second finish_reason if [DONE] follows', async () => {
      bench.upstream.next([EARLY, steps.text('part1'), steps.usage(USAGE), steps.done()]);
      assertCompletion(await (await open()).collect(), { content: 'part0 part1', finish: 'stop' });
    });

    it.each<[string, readonly Step[], string]>([
      ['breaks', [steps.text('part1'), steps.reset()], 'upstream_connection_lost'],
      ['ends', [steps.text('part1'), steps.end()], 'upstream_bad_answer'],
      ['reports an error', [steps.text('part1'), steps.chunk(errorBody('out of memory'))], 'upstream_error'],
    ])('is an error if the response then %s before it is finished', async (_, rest, code) => {
      const read = steps.gate();
      bench.upstream.next([EARLY, steps.text('part1'), read, ...rest]);
      const stream = await open();
      await saw(stream, 'part0');
      read.open();
      const items = await stream.collect();
      expect(assertErrorEnded(items).code).toBe(code);
      expect(readContent(items)).toMatch(/^part0 part1/);
    });

    it('makes later finish reasons of the response unreliable: a reset after the next one is an error', async () => {
      const makeStamped = (content: string): Step =>
        steps.chunk({ choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] });
      const read = steps.gate();
      bench.upstream.next([makeStamped('part0 '), makeStamped('part1 '), read, steps.reset()]);
      const stream = await open();
      await saw(stream, 'part0');
      await read.reached;
      read.open();
      expect(assertErrorEnded(await stream.collect()).code).toBe('upstream_connection_lost');
      bench.upstream.next([makeStamped('part0 '), makeStamped('part1 '), makeStamped('part2'), steps.end()]);
      assertCompletion(await (await open()).collect(), { content: 'part0 part1 part2', finish: 'stop' });
    });
  });

  describe('usage that was asked for', () => {
    it('is waited for as long as the upstream may be silent', async () => {
      const counting = steps.gate();
      bench.upstream.next([
        steps.together(steps.role(), steps.text('all'), steps.finish('stop')),
        counting,
        steps.usage(USAGE),
        steps.done(),
      ]);
      const stream = await open(WITH_USAGE);
      await saw(stream, 'all');
      await clock.advanceAsync(59_000);
      counting.open();
      assertCompletion(await stream.collect(), { content: 'all', finish: 'stop', includeUsage: true, usage: USAGE });
    });

    it('is not waited for longer because the upstream sends comments', async () => {
      const gates = [steps.gate(), steps.gate(), steps.gate()];
      bench.upstream.next([
        steps.together(steps.role(), steps.text('all'), steps.finish('stop')),
        ...gates.flatMap((each) => [each, steps.comment()]),
        steps.stall(),
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

    it('is awaited in vain only once if a model falls silent after its finish_reason', async () => {
      const silent = [steps.together(steps.role(), steps.text('all'), steps.finish('stop')), steps.stall()];
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
      // Text after a finish_reason revokes it, and gives the model its full time again.
      const thinking = steps.gate();
      const more = [
        steps.together(steps.text('part1 '), steps.finish('stop')),
        thinking,
        steps.text('part2'),
        steps.finish('stop'),
        steps.done(),
      ];
      bench.upstream.next([EARLY, ...more]);
      const stream = await open();
      await saw(stream, 'part1');
      await clock.advanceAsync(59_000);
      thinking.open();
      assertCompletion(await stream.collect(), { content: 'part0 part1 part2', finish: 'stop' });
      await endsAfter(60_000);
      // For example, another server has replaced the model's own, and ends its streams.
      bench.upstream.next(scriptStream('all'));
      await (await open()).collect();
      await endsAfter(60_000);
    });
  });

  it.each<[string, Step]>([
    ['[DONE] with a blank after it', steps.raw('data: [DONE] \n\n')],
    ['[DONE] without its brackets', steps.raw('data: DONE\n\n')],
    ['an event with a name', steps.raw('event: ping\ndata: {"type":"ping"}\n\n')],
    ['an event with a name and no JSON', steps.raw('event: heartbeat\ndata: still here\n\n')],
    ['broken JSON', steps.raw('data: {"choices":[\n\n')],
    ['text that is no event', steps.raw('bye\n\n')],
    ['a chunk of unknown things', steps.chunk({ choices: [], x_stats: { tokens_per_second: 17 } })],
    ['an empty choice', steps.chunk({ choices: [{ index: 0, delta: {} }] })],
    ['an error object', steps.chunk(errorBody('could not count the tokens'))],
    ['an error event', steps.raw('event: error\ndata: broken pipe\n\n')],
    ['a connection that breaks', steps.reset()],
  ])('is the end, though %s follows it', async (_, oddity) => {
    const read = steps.gate();
    bench.upstream.next([steps.together(steps.role(), steps.text('all'), steps.finish('stop')), read, oddity]);
    const stream = await open();
    await saw(stream, 'all');
    read.open();
    assertCompletion(await stream.collect(), { content: 'all', finish: 'stop' });
  });

  it('is not at a named event in the middle; an event that holds a chunk is read, whatever its name', async () => {
    const nameEvent = (name: string, content: string): Step =>
      steps.raw(`event: ${name}\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    bench.upstream.next([
      steps.raw('event: ping\ndata: {}\n\n'),
      nameEvent('completion', 'one '),
      steps.raw('event: heartbeat\ndata: tick\n\n'),
      steps.raw('event: debug\ndata: "choices" and "error" are words\n\n'),
      nameEvent('message', 'two '),
      nameEvent('chat.completion.chunk', 'three'),
      steps.finish('stop'),
      steps.done(),
    ]);
    assertCompletion(await (await open()).collect(), { content: 'one two three', finish: 'stop' });
    bench.upstream.next([
      steps.text('one '),
      steps.raw(`event: exception\ndata: ${JSON.stringify(errorBody('x'))}\n\n`),
      steps.end(),
    ]);
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
  const openPaused = async (script: readonly Step[]): Promise<SseStream> => {
    bench.upstream.next(script);
    const stream = await bench.open();
    await stream.until(({ kind }) => kind === 'data');
    stream.pause();
    return stream;
  };
  /** Reads a stream slowly, with many pauses. */
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

  it('loses nothing for a slow client, and is a failure after that if the response was not complete', async () => {
    const stream = await openPaused([steps.role(), ...PIECES.map((piece) => steps.text(piece)), steps.cutOff()]);
    const items = await collectSlowly(stream);
    expect(assertErrorEnded(items).code).toBe('upstream_connection_lost');
    expect(readContent(items)).toBe(PIECES.join(''));
  }, 60_000);

  describe('loses nothing of what came faster than it could be read', () => {
    const WORDS = Array.from({ length: 2_000 }, (_, index) => `${index} `);
    const streamWithEnding = async (...ending: readonly steps.ContentStep[]): ReturnType<SseStream['collect']> => {
      bench.upstream.next([
        steps.role(),
        steps.together(...WORDS.map((word) => steps.text(word)), ...ending),
        steps.cutOff(),
      ]);
      return (await bench.open()).collect();
    };

    it('and is no failure after [DONE]', async () => {
      assertCompletion(await streamWithEnding(steps.finish('stop'), steps.done()), {
        content: WORDS.join(''),
        finish: 'stop',
      });
    });

    it('and is a failure after that if the response was not complete', async () => {
      const items = await streamWithEnding();
      expect(assertErrorEnded(items).code).toBe('upstream_connection_lost');
      expect(readContent(items)).toBe(WORDS.join(''));
    });
  });

  it('is no failure if a JSON response is whole', async () => {
    const message = { role: 'assistant', content: 'All of it.' };
    const json = JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] });
    bench.upstream.next([steps.raw(json), steps.cutOff()]).next([steps.raw(json.slice(0, -2)), steps.cutOff()]);
    const ask = (): ReturnType<typeof postJson> => bench.ask();
    expect((await ask()).json).toMatchObject({ choices: [{ message: { content: 'All of it.' } }] });
    expect(await ask()).toMatchObject({ status: 502, json: { error: { code: 'upstream_connection_lost' } } });
  });
});
