import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Delta, ToolCallDelta } from '../../streaming/index.js';
import { AnswerReader } from './answer-reader.js';

interface Piece {
  readonly index?: number;
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: unknown } | null;
  readonly custom?: { readonly name?: string; readonly input?: unknown } | null;
}

/** The deltas of chunks that hold these pieces of tool calls. */
function read(...chunks: readonly (readonly (Piece | null)[])[]): readonly ToolCallDelta[] {
  const reader = new AnswerReader({ identity: () => undefined, usage: () => undefined }, 1_000_000);
  const out: Delta[] = [];
  for (const tool_calls of chunks) reader.read(JSON.stringify({ choices: [{ delta: { tool_calls } }] }), out);
  return out.filter((delta) => delta.type === 'tool-call');
}

/** The calls as a client puts them together; fails if a piece is not as clients need it. */
function assembled(deltas: readonly ToolCallDelta[]): readonly { id?: string; name?: string; arguments: string }[] {
  const calls: { id?: string; name?: string; arguments: string }[] = [];
  for (const { index, id, name, arguments: text } of deltas) {
    const known = calls[index];
    if (known === undefined) {
      assert.equal(index, calls.length, 'indexes count from 0');
      calls.push({ ...(id !== undefined && { id }), ...(name !== undefined && { name }), arguments: text });
    } else {
      assert.equal(id ?? name, undefined, 'id and name are given once');
      known.arguments += text;
    }
  }
  return calls;
}

const TWO = [
  { id: 'call_a', name: 'look', arguments: '{"at":1}' },
  { id: 'call_b', name: 'look', arguments: '{"at":2}' },
];

describe('AnswerReader and tool calls', () => {
  it.each<[string, readonly (readonly Piece[])[]]>([
    [
      'as OpenAI sends them',
      TWO.flatMap(({ id, name }, index) => [
        [{ index, id, type: 'function', function: { name, arguments: '' } }],
        [{ index, function: { arguments: '{"at":' } }],
        [{ index, function: { arguments: `${index + 1}}` } }],
      ]),
    ],
    ['whole, in one chunk', [TWO.map(({ id, ...called }, index) => ({ index, id, function: called }))]],
    ['with indexes that start at 1', TWO.map(({ id, ...called }, i) => [{ index: i + 1, id, function: called }])],
    ['without an index', TWO.map(({ id, ...called }) => [{ id, function: called }])],
    [
      'without an index, in pieces that only the first of has an id',
      TWO.flatMap(({ id, name }, i) => [
        [{ id, function: { name, arguments: '{"at":' } }],
        [{ function: { arguments: `${i + 1}}` } }],
      ]),
    ],
    [
      'with id and name in every piece',
      TWO.flatMap(({ id, name }, index) =>
        ['{"at":', `${index + 1}}`].map((text) => [{ index, id, function: { name, arguments: text } }]),
      ),
    ],
    [
      'without an index, with id and name in every piece, by turns',
      ['{"at":', undefined].map((text) =>
        TWO.map(({ id, name }, i) => ({ id, function: { name, arguments: text ?? `${i + 1}}` } })),
      ),
    ],
    ['all with the index 0', TWO.map(({ id, ...called }) => [{ index: 0, id, function: called }])],
    [
      'all with the index 0, in pieces',
      TWO.flatMap(({ id, name }, i) => [
        [{ index: 0, id, function: { name, arguments: '' } }],
        [{ index: 0, id, function: { name: '', arguments: '{"at":' } }],
        [{ index: 0, function: { arguments: `${i + 1}}` } }],
      ]),
    ],
    [
      'with arguments as an object',
      TWO.map(({ id, name }, index) => [{ index, id, function: { name, arguments: { at: index + 1 } } }]),
    ],
    [
      'with the key of the other kind, null',
      TWO.map(({ id, ...called }, index) => [{ index, id, function: called, custom: null }]),
    ],
  ])('reads two calls %s', (_, chunks) => {
    const deltas = read(...chunks);
    expect(assembled(deltas)).toEqual(TWO);
    expect(deltas.every(({ kind }) => kind === undefined)).toBe(true);
  });

  it('keeps the index apart from the id: some servers give the name of the tool as the id of each call', () => {
    const pieces = [0, 1].map((index) => ({ index, id: 'look', function: { name: 'look', arguments: `${index}` } }));
    expect(assembled(read(pieces)).map((call) => call.arguments)).toEqual(['0', '1']);
  });

  it('takes new ids on later pieces of a call for what they are', () => {
    const first = { index: 0, id: 'call_a', function: { name: 'look', arguments: '{' } };
    const second = { index: 0, id: 'call_b', function: { arguments: '}' } };
    expect(assembled(read([first], [second]))).toEqual([{ id: 'call_a', name: 'look', arguments: '{}' }]);
  });

  it('marks every piece of a custom tool', () => {
    const deltas = read(
      [{ index: 0, id: 'call_a', type: 'custom', custom: { name: 'sql', input: '' } }],
      [{ index: 0, custom: { input: 'select 1' } }],
      [{ index: 1, id: 'call_b', function: { name: 'look', arguments: '{}' } }],
    );
    expect(deltas).toEqual([
      { type: 'tool-call', index: 0, kind: 'custom', id: 'call_a', name: 'sql', arguments: '' },
      { type: 'tool-call', index: 0, kind: 'custom', arguments: 'select 1' },
      { type: 'tool-call', index: 1, id: 'call_b', name: 'look', arguments: '{}' },
    ]);
  });

  it('passes over pieces that hold nothing', () => {
    const first = { index: 0, id: 'call_a', function: { name: 'look', arguments: '{}' } };
    const rest = [{ index: 0, function: { arguments: '' } }, { index: 0, function: null }, { index: 0 }, null];
    expect(read([first], rest)).toHaveLength(1);
  });

  it('reads any number of calls whose pieces come by turns', () => {
    const calls = fc.array(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(calls, fc.integer({ min: 0, max: 9 }), fc.boolean(), (texts, start, repeats) => {
        const longest = Math.max(0, ...texts.map(({ length }) => length));
        const chunks = Array.from({ length: longest }, (_, turn) =>
          texts.flatMap((pieces, i): Piece[] => {
            if (turn >= pieces.length) return [];
            const head = turn === 0 || repeats;
            const called = { ...(head && { name: 'f' }), arguments: pieces[turn] };
            return [{ index: start + i, ...(head && { id: `call_${i}` }), function: called }];
          }),
        );
        expect(assembled(read(...chunks)).map((call) => call.arguments)).toEqual(texts.map((text) => text.join('')));
      }),
    );
  });
});
