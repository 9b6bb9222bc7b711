import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Delta } from '../../../streaming/index.js';
import type { OutputFilter } from './output-filter.js';
import { ForcedToolFilter } from './forced-tool.js';
import { JsonTextFilter } from './json-text.js';
import { ReasoningTagFilter } from './reasoning-tag.js';

/** The text of each channel that a filter makes of content, cut at these places. */
function through(filter: OutputFilter, text: string, places: readonly number[] = []): Record<string, string> {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  const out: Delta[] = [];
  for (const [i, end] of at.slice(1).entries()) filter.read({ type: 'content', text: text.slice(at[i], end) }, out);
  filter.end('stop', out);
  const texts: Record<string, string> = {};
  for (const delta of out) if ('text' in delta) texts[delta.type] = (texts[delta.type] ?? '') + delta.text;
  return texts;
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

const OBJECT = { isArray: false, isTrusting: false };
const THINK = ['think', 'thinking'];

describe('JsonTextFilter', () => {
  it('finds any object between any words, wherever it is cut', () => {
    const words = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('{', '('));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        words,
        fc.string(),
        cuts,
        fc.boolean(),
        (value, before, after, places, pretty) => {
          const json = JSON.stringify(value, null, pretty ? 2 : 0);
          expect(through(new JsonTextFilter(OBJECT), before + json + after, places)).toEqual({ content: json });
        },
      ),
    );
  });

  it('passes on each piece at once', () => {
    const filter = new JsonTextFilter(OBJECT);
    const out: Delta[] = [];
    const piece = { type: 'content', text: '{"a":' } as const;
    filter.read(piece, out);
    expect(out).toEqual([piece]);
  });

  it.each([
    ['in a fence', '```json\n{"a":1}\n```', '{"a":1}'],
    [
      'behind words in braces',
      'Here is {the} object for {"you"}, { x }: {"a":{"b":"}"}} Bye {"c":1}',
      '{"a":{"b":"}"}}',
    ],
    ['of which a key has escapes', 'So: { "a\\"b" : [1] }.', '{ "a\\"b" : [1] }'],
    ['that is empty', '```{ }```', '{ }'],
    ['that is cut in its first key', '```json\n{"answ', '{"answ'],
    ['that is none', 'Set {x} to "{y}".', 'Set {x} to "{y}".'],
  ])('finds an object %s, wherever it is cut', (_, text, json) => {
    fc.assert(
      fc.property(cuts, (places) => {
        expect(through(new JsonTextFilter(OBJECT), text, places)).toEqual({ content: json });
      }),
    );
  });

  it('finds an array if one is asked for', () => {
    const filter = (): JsonTextFilter => new JsonTextFilter({ isArray: true, isTrusting: false });
    fc.assert(
      fc.property(cuts, (places) => {
        expect(through(filter(), 'As in [this]:\n[{"a":[1]},2] and [3]', places)).toEqual({ content: '[{"a":[1]},2]' });
      }),
    );
    expect(through(filter(), 'None: []')).toEqual({ content: '[]' });
  });

  it('holds nothing if the server follows the request, and loses no log probabilities', () => {
    const filter = new JsonTextFilter({ isArray: false, isTrusting: true });
    const pieces = ['\n{', '"a"', ':{}}'].map(
      (text) => ({ type: 'content', text, logprobs: [{ token: text }] }) as const,
    );
    const out: Delta[] = [];
    filter.read({ type: 'content', text: ' ' }, out);
    for (const piece of pieces) filter.read(piece, out);
    expect(out.slice(1)).toEqual(pieces);
    expect(out[1]).toBe(pieces[0]);
    expect(through(new JsonTextFilter({ isArray: false, isTrusting: true }), '```\n{"a":1}\n```')).toEqual({
      content: '{"a":1}',
    });
  });

  it.each([true, false])('drops text after the JSON, wherever it is cut (trusting: %p)', (isTrusting) => {
    for (const after of ['\n```', ' Hope it helps {a}!', '{"a":2}', '<|im_end|>', '\n']) {
      fc.assert(
        fc.property(cuts, (places) => {
          const filter = new JsonTextFilter({ isArray: false, isTrusting });
          expect(through(filter, `{"a":"}{\\""}${after}`, places)).toEqual({ content: '{"a":"}{\\""}' });
        }),
      );
    }
  });
});

describe('ReasoningTagFilter', () => {
  it('separates reasoning and content, wherever they are cut', () => {
    const words = fc.string().map((text) => text.replaceAll('<', '('));
    fc.assert(
      fc.property(words, words, cuts, (thought, text, places) => {
        const texts = through(new ReasoningTagFilter(THINK), `<think>${thought}</think>${text}`, places);
        expect((texts['reasoning'] ?? '').replace(/\s/g, '')).toBe(thought.replace(/\s/g, ''));
        expect(texts['content'] ?? '').toBe(text.trimStart());
      }),
    );
  });

  it('drops white space after the tag, even in a piece of its own', () => {
    expect(through(new ReasoningTagFilter(THINK), '<think></think> ', [15])).toEqual({});
  });

  it('leaves any other content as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), cuts, (text, places) => {
        fc.pre(!text.trimStart().startsWith('<think>'));
        expect(through(new ReasoningTagFilter(THINK), text, places)['content'] ?? '').toBe(text);
      }),
    );
  });
});

describe('ReasoningTagFilter with several names', () => {
  it.each([
    ['<think>a</think>b', THINK, { reasoning: 'a', content: 'b' }],
    ['\n<thinking>a</think> c</thinking>\n\nb', THINK, { reasoning: 'a</think> c', content: 'b' }],
    ['a\n</think>\n\nb', ['/think'], { reasoning: 'a\n', content: 'b' }],
    ['<think>a</think>b', ['/think'], { reasoning: '<think>a', content: 'b' }],
    ['a</think>b', THINK, { content: 'a</think>b' }],
    ['Say <think>.', THINK, { content: 'Say <think>.' }],
    ['<think>a', THINK, { reasoning: 'a' }],
  ])('reads %j with %j', (text, names, expected) => {
    fc.assert(
      fc.property(cuts, (places) => expect(through(new ReasoningTagFilter(names), text, places)).toEqual(expected)),
    );
  });

  it('holds no endless white space, and no log probability', () => {
    const filter = new ReasoningTagFilter(THINK);
    const out: Delta[] = [];
    for (let i = 0; i < 2_000; i++) filter.read({ type: 'content', text: ' ', logprobs: [{ token: ' ' }] }, out);
    expect(filter.isDone).toBe(true);
    expect(out.flatMap((delta) => (delta.type === 'content' ? (delta.logprobs ?? []) : []))).toHaveLength(2_000);
  });
});

describe('ForcedToolFilter', () => {
  it('passes on the arguments as content, wherever they are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), cuts, (json, places) => {
        const filter = new ForcedToolFilter('Reply');
        const out: Delta[] = [];
        const at = [0, ...places.map((place) => place % json.length).sort((a, b) => a - b), json.length];
        filter.read({ type: 'tool-call', index: 0, id: 'a', name: 'Reply', arguments: '' }, out);
        for (const [i, end] of at.slice(1).entries()) {
          filter.read({ type: 'tool-call', index: 0, arguments: json.slice(at[i], end) }, out);
        }
        expect(filter.end('tool_calls', out)).toBe('stop');
        expect(out.map((delta) => (delta.type === 'content' ? delta.text : 'no content')).join('')).toBe(json);
      }),
    );
  });
});
