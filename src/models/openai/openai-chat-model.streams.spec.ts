import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ModelBench } from '../../../test/support/model-bench.js';
import { scriptStream, type Step, steps, tokens } from '../../../test/support/upstream/index.js';

/** Any UTF-16 code unit, including halves of surrogate pairs, and whole characters of any length. */
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const TRICKY = 'Grüße 🦀🇺🇳 "quoted" \\ \u2028 \0 日本\n\n語 👩‍👩‍👧 done.';

describe('OpenAIChatModel reading streams', () => {
  let bench: ModelBench;

  beforeEach(async () => {
    bench = await ModelBench.start();
  });
  afterEach(async () => {
    await bench.close();
  });

  it.each<[string, readonly Step[]]>([
    ['line ends CR LF', [steps.style({ lineEnd: '\r\n' }), ...scriptStream(TRICKY)]],
    ['line ends CR', [steps.style({ lineEnd: '\r' }), ...scriptStream(TRICKY)]],
    ['no space after data:', [steps.style({ dataSpace: false }), ...scriptStream(TRICKY)]],
    [
      'comments',
      [
        steps.comment('OPENROUTER PROCESSING'),
        steps.role(),
        steps.comment(),
        steps.text(TRICKY),
        steps.comment(),
        steps.finish('stop'),
        steps.done(),
      ],
    ],
    [
      'events without data',
      [
        steps.role(),
        steps.raw('data:\n\n'),
        steps.text(TRICKY),
        steps.raw('event: ping\n\n'),
        steps.finish('stop'),
        steps.done(),
      ],
    ],
    ['no [DONE]', scriptStream(TRICKY, { done: false })],
    ['no blank line at the end', [steps.role(), steps.text(TRICKY), steps.finish('stop'), steps.raw('data: [DONE]')]],
    ['null keys left out', [steps.style({ nullKeys: false }), ...scriptStream(TRICKY)]],
    ['JSON in ASCII', [steps.style({ asciiJson: true }), ...scriptStream(TRICKY)]],
    ['content: null with the role', [steps.role(null), steps.text(TRICKY), steps.finish('stop'), steps.done()]],
    [
      'an early chunk without choices',
      [steps.chunk({ choices: [], prompt_filter_results: [] }), ...scriptStream(TRICKY)],
    ],
    ['everything in one read', [steps.together(steps.role(), steps.text(TRICKY), steps.finish('stop'), steps.done())]],
    [
      'finish and text in one chunk',
      [steps.role(), { ...steps.delta({ content: TRICKY }), finishReason: 'stop' }, steps.done()],
    ],
    ['a content type of text/plain', [steps.headers(200, { 'content-type': 'text/plain' }), ...scriptStream(TRICKY)]],
    ['events named message', [steps.raw(`event: message\n`), ...scriptStream(TRICKY)]],
  ])('reads the same text with %s', async (_, script) => {
    bench.upstream.next(script);
    const call = bench.call();
    await expect(call.toEnd()).resolves.toEqual({ finishReason: 'stop' });
    expect(call.text()).toBe(TRICKY);
  });

  it('reads the same output however its bytes are cut', async () => {
    const arrangement = fc.record({
      pieces: fc.array(fc.string({ unit, minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      bytes: fc.constantFrom(1, 2, 3, 5, 7, 31, 200),
      style: fc.record({
        lineEnd: fc.constantFrom<'\n' | '\r\n' | '\r'>('\n', '\r\n', '\r'),
        dataSpace: fc.boolean(),
        asciiJson: fc.boolean(),
        // Byte by byte, the usual envelope would take most of the time.
        envelope: fc.constant({ id: undefined, object: undefined, created: undefined, model: undefined }),
      }),
    });
    await fc.assert(
      fc.asyncProperty(arrangement, async ({ pieces, bytes, style: look }) => {
        bench.upstream.next([steps.style(look), steps.cutEvery(bytes), ...scriptStream(pieces)]);
        const call = bench.call();
        await call.toEnd();
        expect(call.text()).toBe(pieces.join(''));
        expect(call.usages.at(-1)).toEqual(tokens(10, pieces.length));
      }),
      { numRuns: 25 },
    );
  });

  it('yields the deltas of one read as one batch, each as it was cut', async () => {
    bench.upstream.next([
      steps.together(steps.role(), steps.text('one '), steps.text('two ')),
      steps.text('three'),
      steps.finish('stop'),
      steps.done(),
    ]);
    const call = bench.call();
    await call.toEnd();
    expect(call.batches).toEqual([
      [
        { type: 'content', text: 'one ' },
        { type: 'content', text: 'two ' },
      ],
      [{ type: 'content', text: 'three' }],
    ]);
  });

  it('separates the channels and keeps their order', async () => {
    bench.upstream.next([
      steps.role(),
      steps.reasoning('old name, ', 'reasoning_content'),
      steps.reasoning('new name', 'reasoning'),
      steps.delta({ reasoning_content: 'both', reasoning: 'both' }),
      steps.text('answer'),
      steps.refusal('no'),
      steps.toolCall({ index: 0, id: 'call_1', name: 'look', arguments: '' }),
      steps.toolCall({ index: 0, arguments: '{}' }),
      steps.finish('tool_calls'),
      steps.done(),
    ]);
    const call = bench.call();
    await expect(call.toEnd()).resolves.toEqual({ finishReason: 'tool_calls' });
    expect(call.text('reasoning')).toBe('old name, new nameboth');
    expect(call.deltas.map(({ type }) => type)).toEqual([
      'reasoning',
      'reasoning',
      'reasoning',
      'content',
      'refusal',
      'tool-call',
    ]);
  });

  it('ignores what comes after [DONE]', async () => {
    bench.upstream.next([
      steps.together(steps.role(), steps.text('all'), steps.finish('stop'), steps.done(), steps.text(' too much')),
    ]);
    const call = bench.call();
    await call.toEnd();
    expect(call.text()).toBe('all');
  });

  it('takes one JSON completion from a server that does not stream', async () => {
    const message = { role: 'assistant', content: TRICKY, reasoning_content: 'hm' };
    const completion = { model: 'm-1', choices: [{ index: 0, message, finish_reason: 'length' }], usage: tokens(3, 4) };
    bench.upstream.next([
      steps.headers(200, { 'content-type': 'application/json; charset=utf-8' }),
      steps.cutEvery(3),
      steps.raw(JSON.stringify(completion)),
    ]);
    const call = bench.call();
    await expect(call.toEnd()).resolves.toEqual({ finishReason: 'length' });
    expect(call.text()).toBe(TRICKY);
    expect(call.text('reasoning')).toBe('hm');
    expect(call.usages).toEqual([tokens(3, 4)]);
    expect(call.identities).toEqual([{ model: 'm-1' }]);
  });

  it('names the model before the first delta', async () => {
    const envelope = { model: 'm-2026-11-01', service_tier: 'flex', system_fingerprint: 'fp_1' };
    bench.upstream.next([
      steps.style({ envelope }),
      steps.together(steps.role(), steps.text('a')),
      steps.finish('stop'),
      steps.done(),
    ]);
    const call = bench.call();
    await call.pull();
    expect(call.identities).toEqual([{ model: 'm-2026-11-01', serviceTier: 'flex', systemFingerprint: 'fp_1' }]);
    await call.toEnd();
    expect(call.identities).toHaveLength(1);
  });

  it.each<[string, readonly Step[]]>([
    ['an extra chunk', scriptStream('a b c', { usage: tokens(7, 3) })],
    ['the finish chunk', scriptStream('a b c', { usage: tokens(7, 3), usagePlace: 'finish-chunk' })],
    ['every chunk, running', scriptStream('a b c', { usage: tokens(7, 3), usagePlace: 'every-chunk' })],
    [
      'a chunk after the finish that has no choices key',
      [...scriptStream('a', { usagePlace: 'never', done: false }), steps.chunk({ usage: tokens(7, 3) }), steps.done()],
    ],
    [
      'a chunk before the finish',
      [steps.role(), steps.text('a'), steps.usage(tokens(7, 3)), steps.finish('stop'), steps.done()],
    ],
  ])('reports the usage that is on %s, the last one last', async (_, script) => {
    bench.upstream.next(script);
    const call = bench.call();
    await call.toEnd();
    expect(call.usages.at(-1)).toEqual(tokens(7, 3));
  });

  it('reports no usage if the upstream reports none', async () => {
    bench.upstream.next(scriptStream('a', { usagePlace: 'never' }));
    const call = bench.call();
    await call.toEnd();
    expect(call.usages).toEqual([]);
  });

  it('reports running usage before the call fails', async () => {
    bench.upstream.next([steps.role(), steps.text('a', { usage: tokens(7, 1) }), steps.stall()]);
    const call = bench.call();
    await call.pull();
    call.abort(new Error('enough'));
    await call.toFailure();
    expect(call.usages).toEqual([tokens(7, 1)]);
  });
});
