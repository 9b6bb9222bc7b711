import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { TextChannel } from './delta.js';
import { JsonFieldDecoder } from './json-field-decoder.js';

const CHANNELS: readonly TextChannel[] = ['content', 'reasoning', 'refusal'];

/** Any UTF-16 code unit: also control characters, quotes and halves of surrogate pairs. */
const codeUnit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('"', '\\', '/', '\n', '\u2028', '{', '}', '[', ']', ',', ':', 'u', '\ud83e', '\udd80'),
);
const text = fc.oneof(fc.string({ unit: codeUnit }), fc.string({ unit: 'grapheme' }), fc.lorem({ maxCount: 5 }));
const key = fc.oneof(text, fc.constantFrom('', '__proto__', 'constructor', 'a"b', 'a\\', 'reply'));
const other = fc.jsonValue({ maxDepth: 3 }).filter((value) => typeof value !== 'string');
const members = fc.uniqueArray(fc.tuple(key, fc.oneof(text, other)), { maxLength: 6, selector: ([name]) => name });

/** A way to write a JSON object. All ways have the same meaning. */
interface Look {
  readonly indent: string;
  readonly beforeColon: string;
  /** Which characters are written as `\\uXXXX`, by turns; upper-case digits or not. */
  readonly escaped: readonly ('no' | 'lower' | 'upper')[];
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });
const look: fc.Arbitrary<Look> = fc.record({
  indent: space,
  beforeColon: space,
  escaped: fc.array(fc.constantFrom('no', 'no', 'lower', 'upper'), { minLength: 1, maxLength: 5 }),
});

function quote(value: string, { escaped }: Look): string {
  const characters = value.split('').map((unit, i) => {
    const how = escaped[i % escaped.length];
    if (how === 'no') return JSON.stringify(unit).slice(1, -1);
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${how === 'upper' ? hex.toUpperCase() : hex}`;
  });
  return `"${characters.join('')}"`;
}

function writeObject(object: readonly (readonly [string, unknown])[], style: Look): string {
  const { indent, beforeColon } = style;
  const lines = object.map(([name, value]) => {
    const json = typeof value === 'string' ? quote(value, style) : JSON.stringify(value, null, indent);
    return `${indent}${quote(name, style)}${beforeColon}:${indent}${json}${indent}`;
  });
  return `${indent}{${lines.join(',')}${indent}}${indent}`;
}

function cut(whole: string, places: readonly number[]): readonly string[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return at.slice(1).map((end, i) => whole.slice(at[i], end));
}

function decode(pieces: readonly string[], channels: Readonly<Record<string, TextChannel>>) {
  const decoder = new JsonFieldDecoder(channels);
  return { deltas: pieces.flatMap((piece) => decoder.push(piece)), fault: decoder.fault };
}

describe('JsonFieldDecoder', () => {
  it('gives the text of each chosen field and of no other, however the JSON is written and cut', () => {
    fc.assert(
      fc.property(members, look, fc.array(fc.nat(), { maxLength: 12 }), (object, style, places) => {
        // Every second field is chosen, and has a channel of its own.
        const chosen = CHANNELS.flatMap((channel, i) => {
          const field = object[2 * i];
          return field === undefined ? [] : [{ channel, name: field[0], value: field[1] }];
        });
        const channels = Object.fromEntries(chosen.map(({ name, channel }) => [name, channel]));
        const { deltas, fault } = decode(cut(writeObject(object, style), places), channels);
        expect(fault).toBeUndefined();
        for (const { channel, value } of chosen) {
          const received = deltas.map((delta) => (delta.type === channel ? delta.text : '')).join('');
          // A field that is null shows nothing.
          const shown = value === null ? `${received}null` : received;
          expect(typeof value === 'string' ? received : JSON.parse(shown)).toEqual(normalize(value));
        }
        expect(deltas.filter(({ type }) => !chosen.some(({ channel }) => channel === type))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives the same however the text is cut', () => {
    const json = '{"a":"x\\u00e9\\n\\ud83e\\udd80🦀","skip":{"a":"}"},"b":[1,{"c":"]\\""}],"c":true}';
    const channels = { a: 'content', b: 'reasoning', c: 'content' } as const;
    const whole = decode([json], channels).deltas;
    expect(whole).toEqual([
      { type: 'content', text: 'xé\n🦀🦀' },
      { type: 'reasoning', text: '[1,{"c":"]\\""}]' },
      { type: 'content', text: 'true' },
    ]);
    for (let size = 1; size < json.length; size++) {
      const pieces = json.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const texts = (type: TextChannel, deltas = decode(pieces, channels).deltas): string =>
        deltas.map((delta) => (delta.type === type ? delta.text : '')).join('');
      for (const channel of CHANNELS) expect(texts(channel)).toBe(texts(channel, whole));
    }
  });

  it('gives every character as soon as it is there', () => {
    const decoder = new JsonFieldDecoder({ a: 'content' });
    const received = ['{"a":"', 'H', 'i\\', 'n', '\\u00', 'e9', '"', '}'].map((piece) => decoder.push(piece));
    expect(received.map((deltas) => deltas.map((delta) => delta.text).join(''))).toEqual([
      '',
      'H',
      'i',
      '\n',
      '',
      'é',
      '',
      '',
    ]);
  });

  it('joins what one push brings for one channel', () => {
    const { deltas } = decode(['{"a":"x\\ny\\u0041","b":"z","c":"w"}'], { a: 'content', b: 'content', c: 'reasoning' });
    expect(deltas).toEqual([
      { type: 'content', text: 'x\nyAz' },
      { type: 'reasoning', text: 'w' },
    ]);
  });

  it('looks only at fields of the object itself', () => {
    const json = '{"outer":{"reply":"no"},"list":[{"reply":"no"}],"reply":"yes"}';
    expect(decode([json], { reply: 'content' }).deltas).toEqual([{ type: 'content', text: 'yes' }]);
  });

  it('knows no field that it was not given, such as a property of every object', () => {
    const json = '{"__proto__":"a","constructor":"b","toString":"c","hasOwnProperty":"d"}';
    expect(decode([json], {})).toEqual({ deltas: [], fault: undefined });
    const channels = JSON.parse('{"__proto__":"content"}') as Record<string, TextChannel>;
    expect(decode([json], channels).deltas).toEqual([{ type: 'content', text: 'a' }]);
  });

  it('gives nothing for fields that are empty or not there', () => {
    expect(decode(['{"a":""}'], { a: 'content', b: 'content' })).toEqual({ deltas: [], fault: undefined });
    expect(decode([' { } '], { a: 'content' })).toEqual({ deltas: [], fault: undefined });
  });
});

/** Passes a value through JSON, which has no negative zero. */
function normalize(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
