import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { UpstreamError } from '../../errors/index.js';
import type { Delta } from '../../streaming/index.js';
import type { ModelIdentity } from '../chat-model.js';
import type { Usage } from '../usage.js';
import { CompletionReader } from './completion-reader.js';

const MAX_LENGTH = 1_000_000;

/** Reads chunks and keeps everything that they report. */
class Reading {
  readonly deltas: Delta[] = [];
  readonly identities: ModelIdentity[] = [];
  readonly usages: Usage[] = [];
  readonly unknown: string[] = [];
  readonly reader = new CompletionReader(
    { noteIdentity: (identity) => this.identities.push(identity), noteUsage: (usage) => this.usages.push(usage) },
    MAX_LENGTH,
    { add: (word) => this.unknown.push(word) },
  );

  read(...chunks: readonly unknown[]): this {
    for (const chunk of chunks) this.reader.read(JSON.stringify(chunk), this.deltas);
    return this;
  }
}

const choice = (fields: object): object => ({ choices: [{ index: 0, ...fields }] });
const delta = (fields: object): object => choice({ delta: fields, finish_reason: null });

function describeReading({ deltas, identities, usages, unknown, reader }: Reading): object {
  const { finishReason, hasGoneOn, hasOutput, isComplete } = reader;
  reader.end(deltas);
  return { deltas, identities, usages, unknown, finishReason, hasGoneOn, hasOutput, isComplete };
}

describe('CompletionReader', () => {
  it('yields no delta for a role, an empty piece or null', () => {
    const nothing = [
      { role: 'assistant', content: '' },
      { content: null, reasoning: null, refusal: null, tool_calls: null },
      { reasoning_content: '', reasoning: '' },
      {},
      null,
    ];
    const reading = new Reading().read(...nothing.map((each) => choice({ delta: each })));
    expect(reading.deltas).toEqual([]);
    expect(reading.reader.hasOutput).toBe(false);
    expect(reading.read(delta({ content: 'a' })).reader.hasOutput).toBe(true);
  });

  it('reads chunks that differ only in their text like all others', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('assistant', '\\', '"', '\n', 'a"}', '\ud83d', 'x'.repeat(20)),
    );
    const plain = fc.record({ model: fc.constantFrom('m', 'n'), text }).map(({ model, text: content }) => ({
      model,
      choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }],
    }));
    const other = fc.constantFrom<object>(
      delta({ content: 'assistant', reasoning: 'r' }),
      delta({ content: [{ type: 'text', text: 'part' }] }),
      { choices: [{ delta: { content: 'a' } }], content: 'a', usage: { prompt_tokens: 1 } },
      choice({ delta: { content: 'a' }, logprobs: { content: [{ token: 'a' }] } }),
      choice({ delta: { content: 'end' }, finish_reason: 'stop' }),
      choice({ delta: {}, finish_reason: 'stop' }),
      delta({ content: 'a', tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }),
      delta({ content: 'a', tool_calls: [{ index: 0, function: { arguments: '{' } }] }),
      delta({ content: 'a', tool_calls: [] }),
      { choices: [{ delta: { content: 'a' } }, { delta: { content: 'a' } }], obfuscation: 'a' },
    );
    const chunks = fc.array(fc.oneof({ weight: 4, arbitrary: plain }, other), { maxLength: 12 });
    fc.assert(
      fc.property(chunks, (all) => {
        const reading = new Reading().read(...all);
        // Each chunk gets a different number of blanks, so none equals the one before.
        const apart = new Reading();
        for (const [index, chunk] of all.entries()) {
          apart.reader.read(JSON.stringify(chunk).replace('{', `{${' '.repeat(index)}`), apart.deltas);
        }
        expect(describeReading(reading)).toEqual(describeReading(apart));
      }),
      { numRuns: 500 },
    );
  });

  it('does not confuse another string with the text of a chunk', () => {
    const chunk = (content: string): string =>
      `{"choices":[{"delta":{"note":"a","content":"${content}"}}],"content":"a"}`;
    const reading = new Reading();
    for (const content of ['a', 'b', 'c']) reading.reader.read(chunk(content), reading.deltas);
    expect(reading.deltas.map((each) => 'text' in each && each.text)).toEqual(['a', 'b', 'c']);
    expect(() => reading.reader.read(chunk('\t'), reading.deltas)).toThrow(UpstreamError);
  });

  it('reads reasoning under any of its names, once if there are several', () => {
    const { deltas } = new Reading().read(
      delta({ reasoning_content: 'a' }),
      delta({ reasoning: 'b' }),
      delta({ reasoning_content: 'c', reasoning: 'c' }),
      delta({ reasoning_content: null, reasoning: 'd' }),
      delta({ reasoning_content: '', reasoning: 'e' }),
      delta({ reasoning: '', thinking: 'f' }),
      delta({ thoughts: 'g' }),
      delta({ reasoning: null, reasoning_details: [{ text: 'h' }, { summary: 'i' }, { data: 'x' }, null] }),
      delta({ reasoning: 'j', reasoning_details: [{ text: 'j' }] }),
    );
    expect(deltas).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'hi', 'j'].map((text) => ({ type: 'reasoning', text })));
  });

  it('passes on log probabilities, even those of a piece without text', () => {
    const token = { token: 'a', logprob: -0.1, bytes: [97], top_logprobs: [] };
    const { deltas } = new Reading().read(
      choice({ delta: { content: 'a' }, logprobs: { content: [token], refusal: null } }),
      choice({ delta: { content: '' }, logprobs: { content: [token] } }),
      choice({ delta: { refusal: 'n' }, logprobs: { content: null, refusal: [token] } }),
      choice({ delta: { content: 'b' }, logprobs: { content: [] } }),
    );
    expect(deltas).toEqual([
      { type: 'content', text: 'a', logprobs: [token] },
      { type: 'content', text: '', logprobs: [token] },
      { type: 'refusal', text: 'n', logprobs: [token] },
      { type: 'content', text: 'b' },
    ]);
  });

  it.each([
    ['stop', 'stop eos eos_token STOP end_turn stop_sequence COMPLETE complete stop_token pause_turn'],
    [
      'length',
      'length max_tokens MAX_TOKENS model_length max_output_tokens token_limit max_completion_tokens context_length ' +
        'model_context_window_exceeded ERROR_LIMIT time-limit repetition incomplete',
    ],
    [
      'content_filter',
      'content_filter SAFETY safety RECITATION BLOCKLIST PROHIBITED_CONTENT SPII sensitive refusal IMAGE_SAFETY ' +
        'guardrail_intervened content_filtered ERROR_TOXIC content-filter IMAGE_RECITATION LANGUAGE',
    ],
    ['tool_calls', 'tool_calls tool_use function_call TOOL_CALL tool-calls'],
  ])('reads as %s: %s', (expected, words) => {
    for (const word of words.split(' ')) {
      const called = expected === 'tool_calls' ? { tool_calls: [{ function: { name: 'look', arguments: '{}' } }] } : {};
      const reading = new Reading().read(choice({ delta: called, finish_reason: word }));
      expect([word, reading.reader.finishReason, reading.unknown]).toEqual([word, expected, []]);
    }
  });

  it.each(
    (
      'error abort insufficient_system_resource network_error cancelled engine_overloaded MALFORMED_FUNCTION_CALL ' +
      'UNEXPECTED_TOOL_CALL malformed_model_output ERROR timeout'
    ).split(' '),
  )('treats %s as a failure', (word) => {
    expect(() => new Reading().read(choice({ delta: {}, finish_reason: word }))).toThrow(UpstreamError);
  });

  it.each(['null', '', 'NOT_FINISHED', {}])('does not read %j as a finish_reason', (word) => {
    expect(new Reading().read(choice({ delta: {}, finish_reason: word })).reader.finishReason).toBeUndefined();
  });

  it.each(['constructor', '__proto__', 'SPECIAL'])('takes %s, which nobody knows, as stop, and says so', (word) => {
    const { reader, unknown } = new Reading().read(choice({ delta: {}, finish_reason: word }));
    expect([reader.finishReason, unknown]).toEqual(['stop', [word]]);
  });

  it('accepts tool calls with the finish reason stop, but not a completion that was cut off', () => {
    const call = delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] });
    for (const [word, expected] of [
      ['stop', 'tool_calls'],
      ['eos', 'tool_calls'],
      ['MAX_TOKENS', 'length'],
      ['SAFETY', 'content_filter'],
    ]) {
      const { reader } = new Reading().read(call, choice({ delta: {}, finish_reason: word }));
      expect(reader.finishReason).toBe(expected);
    }
  });

  it('has no finish reason before there is one', () => {
    const { reader } = new Reading().read(delta({ content: 'a' }), choice({ delta: {}, finish_reason: '' }));
    expect(reader.finishReason).toBeUndefined();
  });

  it('reads only the first choice', () => {
    const reading = new Reading().read({ choices: [{ delta: { content: 'a' } }, { delta: { content: 'b' } }] });
    expect(reading.deltas).toEqual([{ type: 'content', text: 'a' }]);
  });

  it('adds up a total that the upstream leaves out, and keeps only counts', () => {
    const { usages } = new Reading().read(
      { usage: { prompt_tokens: 3, completion_tokens: 2 } },
      { usage: { prompt_tokens: 3, total_tokens: 3 } },
      {
        usage: {
          prompt_tokens: 3,
          completion_tokens: 4,
          total_tokens: 7,
          cost: 0.01,
          prompt_tokens_details: { cached_tokens: 2, audio_tokens: null },
          completion_tokens_details: { reasoning_tokens: 1.5, note: 'x' },
        },
      },
    );
    expect(usages).toEqual([
      { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
      { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 },
      {
        prompt_tokens: 3,
        completion_tokens: 4,
        total_tokens: 7,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 1 },
      },
    ]);
  });

  it.each([
    null,
    {},
    [],
    'x',
    7,
    { prompt_tokens: 'many' },
    { prompt_tokens: -1, completion_tokens: null },
    { prompt_tokens: 1e99, completion_tokens: 5 },
    { prompt_tokens: 5, completion_tokens: '5' },
    { prompt_tokens: { text: 5 }, completion_tokens: 5 },
    { prompt_tokens: [5], completion_tokens: [5] },
    { total_tokens: 5 },
  ])('reports no usage for %j', (usage) => {
    expect(new Reading().read({ usage, choices: [] }).usages).toEqual([]);
  });

  it.each([-1, 1, 1e99, '99', null, {}])('adds up a total that cannot be: %j', (total) => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: total };
    expect(new Reading().read({ usage, choices: [] }).usages).toEqual([
      { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    ]);
  });

  it('reports the model once, and again when it changes', () => {
    const { identities } = new Reading().read(
      { model: 'a', choices: [] },
      { model: 'a', choices: [] },
      { model: 'a', system_fingerprint: 'fp', service_tier: 'flex', choices: [] },
      { model: 'a', system_fingerprint: 'fp', service_tier: 'flex', choices: [] },
    );
    expect(identities).toEqual([{ model: 'a' }, { model: 'a', systemFingerprint: 'fp', serviceTier: 'flex' }]);
  });

  it('throws an error that a chunk holds, but not for a null', () => {
    expect(() => new Reading().read({ error: { message: 'x' } })).toThrow(UpstreamError);
    expect(new Reading().read({ error: null, ...delta({ content: 'a' }) }).deltas).toHaveLength(1);
  });

  it('fails on anything at all only with an UpstreamError', () => {
    const fields = ['error', 'usage', 'choices', 'model', 'delta', 'message', 'content', 'tool_calls', 'function'];
    const key = fc.constantFrom(...fields, 'finish_reason', 'logprobs', 'index', 'id', 'name', 'arguments', 'custom');
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom<unknown>(null, 0, 1, -1, '', 'stop', 'x', true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (chunks) => {
        try {
          new Reading().read(...chunks);
        } catch (error) {
          if (!(error instanceof UpstreamError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['', '{', 'nonsense', '"text"', '7', 'null'])('refuses %j', (json) => {
    const { reader } = new Reading();
    expect(() => reader.read(json, [])).toThrow(UpstreamError);
  });
});
