import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Tokenizer, type TextPiece } from './tokenizer.js';

const never = new AbortController().signal;
const textOf = (pieces: readonly TextPiece[]): string => pieces.map(({ text }) => text).join('');
const tokensOf = (pieces: readonly TextPiece[]): number => pieces.reduce((sum, { tokens }) => sum + tokens, 0);

describe('Tokenizer', () => {
  // OpenAI's cookbook, "How to count tokens with tiktoken", column o200k_base.
  it.each([
    ['antidisestablishmentarianism', 6],
    ['2 + 2 = 4', 7],
    ['お誕生日おめでとう', 8],
    ['', 0],
  ])('counts %p as tiktoken does', async (text, count) => {
    const tokenizer = await Tokenizer.load();
    expect(await tokenizer.count([text], never)).toBe(count);
    expect(tokensOf(tokenizer.split(text))).toBe(count);
  });

  it('takes the names of special tokens for plain text', async () => {
    const tokenizer = await Tokenizer.load();
    expect(textOf(tokenizer.split('a <|endoftext|> b'))).toBe('a <|endoftext|> b');
    expect(await tokenizer.count(['<|endoftext|>'], never)).toBeGreaterThan(1);
  });

  it('gives a character that takes several tokens in one piece', async () => {
    const tokenizer = await Tokenizer.load();
    const pieces = tokenizer.split('🦖');
    expect(pieces).toEqual([{ text: '🦖', tokens: 3 }]);
  });

  it('cuts any text into pieces of whole characters that make the text again', async () => {
    const tokenizer = await Tokenizer.load();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (text) => {
        const pieces = tokenizer.split(text);
        expect(textOf(pieces)).toBe(text);
        for (const piece of pieces) expect(piece.text).not.toMatch(/\p{Surrogate}/u);
        expect(tokensOf(pieces)).toBe(await tokenizer.count([text], never));
      }),
    );
  });

  it('replaces lone surrogates, which have no encoding, and harms no later text', async () => {
    const tokenizer = await Tokenizer.load();
    expect(textOf(tokenizer.split('a\ud83d'))).toBe('a\ufffd');
    expect(textOf(tokenizer.split('b'))).toBe('b');
  });

  it.each(['a', 'ab1', '漢', '🦖', ' ', '!'])('is linear in a long run of %p', async (unit) => {
    const tokenizer = await Tokenizer.load();
    const text = unit.repeat(300_000 / unit.length);
    const count = await tokenizer.count([text], never);
    const pieces = tokenizer.split(text);
    expect(textOf(pieces)).toBe(text);
    expect(tokensOf(pieces)).toBe(count);
  });

  it('lets other work run while it counts, and ends with the reason of an abort', async () => {
    const tokenizer = await Tokenizer.load();
    const controller = new AbortController();
    const reason = new Error('enough');
    const counting = tokenizer.count(['one two three '.repeat(100_000)], controller.signal);
    setImmediate(() => controller.abort(reason));
    await expect(counting).rejects.toBe(reason);
  });
});
