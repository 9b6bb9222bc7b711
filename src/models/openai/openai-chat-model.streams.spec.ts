import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ModelBench } from '../../../test/support/model-bench.js';
import { scriptStream, tokens } from '../../../test/support/upstream/scripts.js';
import {
  chunk,
  comment,
  cutEvery,
  delta,
  done,
  finish,
  headers,
  raw,
  reasoning,
  refusal,
  role,
  stall,
  type Step,
  style,
  text,
  together,
  toolCall,
  usage,
} from '../../../test/support/upstream/steps.js';

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
    ['line ends CR LF', [style({ lineEnd: '\r\n' }), ...scriptStream(TRICKY)]],
    ['line ends CR', [style({ lineEnd: '\r' }), ...scriptStream(TRICKY)]],
    ['no space after data:', [style({ dataSpace: false }), ...scriptStream(TRICKY)]],
    [
      'comments',
      [comment('OPENROUTER PROCESSING'), role(), comment(), text(TRICKY), comment(), finish('stop'), done()],
    ],
    ['events without data', [role(), raw('data:\n\n'), text(TRICKY), raw('event: ping\n\n'), finish('stop'), done()]],
    ['no [DONE]', scriptStream(TRICKY, { done: false })],
    ['no blank line at the end', [role(), text(TRICKY), finish('stop'), raw('data: [DONE]')]],
    ['null keys left out', [style({ nullKeys: false }), ...scriptStream(TRICKY)]],
    ['JSON in ASCII', [style({ asciiJson: true }), ...scriptStream(TRICKY)]],
    ['content: null with the role', [role(null), text(TRICKY), finish('stop'), done()]],
    ['an early chunk without choices', [chunk({ choices: [], prompt_filter_results: [] }), ...scriptStream(TRICKY)]],
    ['everything in one read', [together(role(), text(TRICKY), finish('stop'), done())]],
    ['finish and text in one chunk', [role(), { ...delta({ content: TRICKY }), finishReason: 'stop' }, done()]],
    ['a content type of text/plain', [headers(200, { 'content-type': 'text/plain' }), ...scriptStream(TRICKY)]],
    ['events named message', [raw(`event: message\n`), ...scriptStream(TRICKY)]],
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
        bench.upstream.next([style(look), cutEvery(bytes), ...scriptStream(pieces)]);
        const call = bench.call();
        await call.toEnd();
        expect(call.text()).toBe(pieces.join(''));
        expect(call.usages.at(-1)).toEqual(tokens(10, pieces.length));
      }),
      { numRuns: 25 },
    );
  });

  it('yields the deltas of one read as one batch, each as it was cut', async () => {
    bench.upstream.next([together(role(), text('one '), text('two ')), text('three'), finish('stop'), done()]);
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
      role(),
      reasoning('old name, ', 'reasoning_content'),
      reasoning('new name', 'reasoning'),
      delta({ reasoning_content: 'both', reasoning: 'both' }),
      text('answer'),
      refusal('no'),
      toolCall({ index: 0, id: 'call_1', name: 'look', arguments: '' }),
      toolCall({ index: 0, arguments: '{}' }),
      finish('tool_calls'),
      done(),
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
    bench.upstream.next([together(role(), text('all'), finish('stop'), done(), text(' too much'))]);
    const call = bench.call();
    await call.toEnd();
    expect(call.text()).toBe('all');
  });

  it('takes one JSON completion from a server that does not stream', async () => {
    const message = { role: 'assistant', content: TRICKY, reasoning_content: 'hm' };
    const answer = { model: 'm-1', choices: [{ index: 0, message, finish_reason: 'length' }], usage: tokens(3, 4) };
    bench.upstream.next([
      headers(200, { 'content-type': 'application/json; charset=utf-8' }),
      cutEvery(3),
      raw(JSON.stringify(answer)),
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
    bench.upstream.next([style({ envelope }), together(role(), text('a')), finish('stop'), done()]);
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
      [...scriptStream('a', { usagePlace: 'never', done: false }), chunk({ usage: tokens(7, 3) }), done()],
    ],
    ['a chunk before the finish', [role(), text('a'), usage(tokens(7, 3)), finish('stop'), done()]],
  ])('reports the usage that stands on %s, the last one last', async (_, script) => {
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
    bench.upstream.next([role(), text('a', { usage: tokens(7, 1) }), stall()]);
    const call = bench.call();
    await call.pull();
    call.abort(new Error('enough'));
    await call.toFailure();
    expect(call.usages).toEqual([tokens(7, 1)]);
  });
});
