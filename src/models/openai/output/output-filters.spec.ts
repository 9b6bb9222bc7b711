import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Delta } from '../../../streaming/index.js';
import type { AnswerFilter } from './answer-filter.js';
import { ForcedToolAnswer } from './forced-tool.js';
import { JsonObjectText } from './json-object-text.js';
import { ReasoningTag } from './reasoning-tag.js';

/** The text of each channel that a filter makes of content, cut at these places. */
function through(filter: AnswerFilter, text: string, places: readonly number[] = []): Record<string, string> {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  const out: Delta[] = [];
  for (const [i, end] of at.slice(1).entries()) filter.read({ type: 'content', text: text.slice(at[i], end) }, out);
  filter.end('stop', out);
  const texts: Record<string, string> = {};
  for (const delta of out) if (delta.type !== 'tool-call') texts[delta.type] = (texts[delta.type] ?? '') + delta.text;
  return texts;
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('JsonObjectText', () => {
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
          expect(through(new JsonObjectText(), before + json + after, places)).toEqual({ content: json });
        },
      ),
    );
  });

  it('passes each piece on at once', () => {
    const filter = new JsonObjectText();
    const out: Delta[] = [];
    const piece = { type: 'content', text: '{"a":' } as const;
    filter.read(piece, out);
    expect(out).toEqual([piece]);
  });
});

describe('ReasoningTag', () => {
  it('tells reasoning from the answer wherever they are cut', () => {
    const words = fc.string().map((text) => text.replaceAll('<', '('));
    fc.assert(
      fc.property(words, words, cuts, (thought, answer, places) => {
        const texts = through(new ReasoningTag('think'), `<think>${thought}</think>${answer}`, places);
        expect((texts['reasoning'] ?? '').replace(/\s/g, '')).toBe(thought.replace(/\s/g, ''));
        expect(texts['content'] ?? '').toBe(answer.trimStart());
      }),
    );
  });

  it('takes white space behind the tag for no answer, also where it comes by itself', () => {
    expect(through(new ReasoningTag('think'), '<think></think> ', [15])).toEqual({});
  });

  it('leaves any other content as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), cuts, (text, places) => {
        fc.pre(!text.trimStart().startsWith('<think>'));
        expect(through(new ReasoningTag('think'), text, places)['content'] ?? '').toBe(text);
      }),
    );
  });
});

describe('ForcedToolAnswer', () => {
  it('gives the arguments on as content, wherever they are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), cuts, (json, places) => {
        const filter = new ForcedToolAnswer('Reply');
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
