import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { WireChunk } from '../../../test/support/chunks.js';
import { FrameReader } from '../../../test/support/sse-frames.js';
import { assertValidChunk } from '../../../test/support/wire-schema.js';
import type { Delta, TextDelta } from '../../streaming/index.js';
import { ChunkEncoder, type ChunkHead } from './chunk-encoder.js';

const HEAD: ChunkHead = { id: 'chatcmpl-1', created: 1_795_344_000, model: 'a "model" \u2028', includeUsage: false };
const USAGE = { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 };

/** Reads the chunks in frames, and checks each against OpenAI's description. */
function readChunks(frames: string): readonly WireChunk[] {
  const reader = new FrameReader();
  const items = [...reader.push(Buffer.from(frames), 0)];
  reader.end();
  return items.map((item) => {
    const json: unknown = item.kind === 'data' ? item.json : undefined;
    assertValidChunk(json);
    return json;
  });
}

const readDeltas = (frames: string) => readChunks(frames).flatMap(({ choices }) => choices.map(({ delta }) => delta));
const content = (text: string): Delta => ({ type: 'content', text });

const token = (text: string) => ({ token: text, logprob: -0.5, bytes: null, top_logprobs: [] });
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('\ud83e', '\udd80', '🦀', '"', '\\', '\n', '\u2028', 'a'),
);
const textDelta = fc.record({
  type: fc.constantFrom<TextDelta['type']>('content', 'content', 'reasoning', 'refusal'),
  text: fc.string({ unit, maxLength: 4 }),
});
const toolDelta: fc.Arbitrary<Delta> = fc.record({
  type: fc.constant('tool-call'),
  index: fc.nat(3),
  arguments: fc.string({ unit, maxLength: 4 }),
});

/** Every UTF-16 unit with its channel, in order. */
function units(deltas: readonly Delta[]): readonly string[] {
  return deltas.flatMap((delta) =>
    (delta.type === 'tool-call' ? delta.arguments : 'text' in delta ? delta.text : '')
      .split('')
      .map((one) => `${delta.type} ${one}`),
  );
}

/** What a client reads, as deltas. */
function decodeFrames(frames: string): readonly Delta[] {
  return readDeltas(frames).flatMap(({ content: text, refusal, reasoning_content: thought, reasoning, tool_calls }) => {
    expect(reasoning).toBe(thought);
    const texts: readonly [TextDelta['type'], string | null | undefined][] = [
      ['reasoning', thought],
      ['content', text],
      ['refusal', refusal],
    ];
    return [
      ...texts.flatMap(([type, piece]) => (piece ? [{ type, text: piece }] : [])),
      ...(tool_calls ?? []).map((call): Delta => ({
        type: 'tool-call',
        index: call.index,
        arguments: call.function?.arguments ?? '',
      })),
    ];
  });
}

describe('ChunkEncoder', () => {
  it('writes every text unit for unit, in its channel and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: textDelta }, toolDelta)), (deltas) => {
        const encoder = new ChunkEncoder(HEAD);
        const frames = deltas.map((delta) => encoder.encodeDelta(delta)).join('') + encoder.encodeFinish('stop');
        expect(units(decodeFrames(frames))).toEqual(units(deltas));
      }),
      { numRuns: 500 },
    );
  });

  it('sends the role once, first, and one finish reason, last', () => {
    const encoder = new ChunkEncoder(HEAD);
    const frames =
      encoder.encodeDelta(content('a')) + encoder.encodeDelta(content('b')) + encoder.encodeFinish('length');
    const choices = readChunks(frames).flatMap((chunk) => chunk.choices);
    expect(choices.map(({ delta, finish_reason: reason, index }) => [delta, reason, index])).toEqual([
      [{ role: 'assistant', content: '', refusal: null }, null, 0],
      [{ content: 'a' }, null, 0],
      [{ content: 'b' }, null, 0],
      [{}, 'length', 0],
    ]);
  });

  it.each<[string, (encoder: ChunkEncoder) => string]>([
    ['a finish', (encoder) => encoder.encodeFinish('stop')],
    ['reasoning', (encoder) => encoder.encodeDelta({ type: 'reasoning', text: 'hm' })],
    ['a tool call', (encoder) => encoder.encodeDelta({ type: 'tool-call', index: 0, arguments: '' })],
  ])('sends the role before %s, too', (_, write) => {
    const deltas = readDeltas(write(new ChunkEncoder(HEAD)));
    expect(deltas.map(({ role }) => role)).toEqual(['assistant', undefined]);
  });

  it('writes the same id, time and model into all chunks', () => {
    const encoder = new ChunkEncoder({ ...HEAD, includeUsage: true });
    const frames = encoder.encodeDelta(content('a')) + encoder.encodeFinish('stop') + encoder.encodeUsage(USAGE);
    for (const chunk of readChunks(frames)) {
      const { id, created, model } = HEAD;
      expect(chunk).toMatchObject({ id, created, model, object: 'chat.completion.chunk' });
    }
  });

  it('mentions usage only if it was asked for, and then as null until the last chunk', () => {
    const write = (includeUsage: boolean): readonly WireChunk[] => {
      const encoder = new ChunkEncoder({ ...HEAD, includeUsage });
      return readChunks(
        encoder.encodeDelta(content('a')) +
          encoder.encodeFinish('stop') +
          (includeUsage ? encoder.encodeUsage(USAGE) : ''),
      );
    };
    expect(write(false).filter((chunk) => 'usage' in chunk)).toEqual([]);
    expect(write(true).map(({ usage }) => usage)).toEqual([null, null, null, USAGE]);
    expect(write(true).at(-1)?.choices).toEqual([]);
  });

  it('names the build and tier in every chunk, and does not change them after the first delta', () => {
    const encoder = new ChunkEncoder({ ...HEAD, includeUsage: true });
    encoder.attribute('fp_old', 'flex');
    encoder.attribute('fp_"1"', 'default');
    const first = encoder.encodeDelta(content('a'));
    encoder.attribute('fp_2', 'priority');
    const all = readChunks(
      first + encoder.encodeDelta(content('b')) + encoder.encodeFinish('stop') + encoder.encodeUsage(USAGE),
    );
    expect(all).toHaveLength(5);
    for (const chunk of all) expect(chunk).toMatchObject({ system_fingerprint: 'fp_"1"', service_tier: 'default' });
  });

  it('leaves out the build and tier if no model named them', () => {
    const encoder = new ChunkEncoder(HEAD);
    encoder.attribute(undefined, undefined);
    for (const chunk of readChunks(encoder.encodeFinish('stop'))) {
      expect(Object.keys(chunk)).toEqual(['id', 'object', 'created', 'model', 'choices']);
    }
  });

  it('names a tool call only in its first piece, and calls the text of a custom tool `input`', () => {
    const encoder = new ChunkEncoder(HEAD);
    const frames = [
      { type: 'tool-call' as const, index: 0, id: 'call_1', name: 'look', arguments: '' },
      { type: 'tool-call' as const, index: 0, arguments: '{"a":1}' },
      { type: 'tool-call' as const, index: 1, id: 'call_2', kind: 'custom' as const, name: 'sql', arguments: 'sel' },
      { type: 'tool-call' as const, index: 1, kind: 'custom' as const, arguments: 'ect 1' },
    ].map((delta) => encoder.encodeDelta(delta));
    // OpenAI's description of a chunk knows functions only, though its requests and whole completions have custom tools.
    expect(readDeltas(frames.slice(0, 2).join('')).slice(1)).toEqual([
      { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] },
    ]);
    const custom = [...new FrameReader().push(Buffer.from(frames.slice(2).join('')), 0)];
    expect(custom.map((item) => (item.kind === 'data' ? item.json : item))).toMatchObject([
      {
        choices: [
          {
            delta: { tool_calls: [{ index: 1, id: 'call_2', type: 'custom', custom: { name: 'sql', input: 'sel' } }] },
          },
        ],
      },
      { choices: [{ delta: { tool_calls: [{ index: 1, custom: { input: 'ect 1' } }] } }] },
    ]);
  });

  it('puts log probabilities into the list of their channel', () => {
    const encoder = new ChunkEncoder(HEAD);
    const frames = [
      { type: 'content' as const, text: 'a', logprobs: [token('a')] },
      { type: 'refusal' as const, text: 'no', logprobs: [token('no')] },
    ].map((delta) => encoder.encodeDelta(delta));
    const choices = readChunks(frames.join('')).flatMap((chunk) => chunk.choices);
    const tokens = (key: 'content' | 'refusal'): readonly string[] =>
      choices.flatMap(({ logprobs }) => logprobs?.[key] ?? []).map((each) => each.token);
    expect([tokens('content'), tokens('refusal')]).toEqual([['a'], ['no']]);
  });
});
