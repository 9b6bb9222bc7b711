import { toUSVString } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bench } from '../support/app.js';
import { assertCompletion, readChunks, readContent } from '../support/chunks.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { cutEvery, delay, gate, style } from '../support/upstream/steps.js';

describe('true streaming', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.close());

  it('sends the first event before the upstream has sent the second', async () => {
    const hold = gate();
    bench.upstream.next(scriptStream(['First', hold, ' second']));
    const stream = await bench.open();
    await stream.until((item) => item.kind === 'data' && item.data.includes('First'));
    expect(readContent(stream.items)).toBe('First');
    hold.open();
    assertCompletion(await stream.collect(), { content: 'First second' });
  });

  it('delivers the text byte for byte, whatever it holds and however it was cut', async () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.constantFrom('\u0000', '\u2028', '\ud83d\ude00', '"\\\n\r\t', 'data: [DONE]\n\n', '\ufeff', 'é'),
      // Lone surrogates: some upstreams cut a character in two.
      fc.constantFrom('\ud83d', '\ude00'),
    );
    const cut = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 12 }),
        cut,
        fc.boolean(),
        async (pieces, bytes, crlf) => {
          const script = scriptStream(pieces);
          bench.upstream.next([
            ...(bytes === undefined ? [] : [cutEvery(bytes)]),
            ...(crlf ? [style({ lineEnd: '\r\n', dataSpace: false })] : []),
            ...script,
          ]);
          const stream = await bench.open();
          const items = await stream.collect();
          assertCompletion(items, { finish: 'stop' });
          // Lone surrogates have no UTF-8 form.
          expect(readContent(items)).toBe(toUSVString(pieces.join('')));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never sends half a character while its other half is on the way', async () => {
    bench.upstream.next(scriptStream(['smile \ud83d', delay(20), '\ude00!']));
    const stream = await bench.open();
    const items = await stream.collect();
    assertCompletion(items, { content: 'smile 😀!' });
    for (const chunk of readChunks(items)) expect(chunk.choices[0]?.delta.content ?? '').not.toMatch(/\p{Surrogate}/u);
  });
});
