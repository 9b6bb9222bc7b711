import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Delta, ToolCallDelta } from '../../streaming/index.js';
import { CompletionReader } from './completion-reader.js';

interface ScriptedPiece {
  readonly index?: number | string | null;
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: unknown } | null;
  readonly custom?: { readonly name?: string; readonly input?: unknown } | null;
  readonly name?: string;
  readonly arguments?: unknown;
}

/** The deltas of chunks that hold these pieces of tool calls. */
function read(...chunks: readonly (readonly (ScriptedPiece | null)[] | ScriptedPiece)[]): readonly ToolCallDelta[] {
  return readUntil('stop', ...chunks);
}

function readUntil(
  finish_reason: string,
  ...chunks: readonly (readonly (ScriptedPiece | null)[] | ScriptedPiece)[]
): readonly ToolCallDelta[] {
  const reader = new CompletionReader({ noteIdentity: () => undefined, noteUsage: () => undefined }, 1_000_000, {
    add: () => undefined,
  });
  const out: Delta[] = [];
  for (const tool_calls of chunks) reader.read(JSON.stringify({ choices: [{ delta: { tool_calls } }] }), out);
  reader.read(JSON.stringify({ choices: [{ delta: {}, finish_reason }] }), out);
  reader.end(out);
  return out.filter((delta) => delta.type === 'tool-call');
}

/** The calls as a client puts them together; fails if a piece is not as clients need it. */
function assemble(deltas: readonly ToolCallDelta[]): readonly { id?: string; name?: string; arguments: string }[] {
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

const bare = ({ name, arguments: text }: { name?: string; arguments: string }): object => ({ name, arguments: text });

/** The same calls, of a server that gives no ids. */
const BARE = TWO.map(({ name, arguments: text }) => ({ name, arguments: text }));

describe('CompletionReader and tool calls', () => {
  it.each<[string, readonly (readonly ScriptedPiece[])[]]>([
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
      'without an index, in pieces of which only the first has an id',
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
    ['without an id', BARE.map((called, index) => [{ index, function: called }])],
    ['without index and id, each in one chunk', BARE.map((called) => [{ function: called }])],
    ['without index and id, all in one chunk', [BARE.map((called) => ({ function: called }))]],
    ['all with the index 0, without an id', BARE.map((called) => [{ index: 0, function: called }])],
    [
      'without index and id, in pieces',
      TWO.flatMap(({ name }, i) => [
        [{ function: { name, arguments: '{"at":' } }],
        [{ function: { arguments: `${i + 1}}` } }],
      ]),
    ],
    [
      'without index and id, with the name in every piece',
      TWO.flatMap(({ name }, i) => ['{"at":', `${i + 1}}`].map((text) => [{ function: { name, arguments: text } }])),
    ],
    [
      'with the id before the name',
      TWO.flatMap(({ id, ...called }, index) => [[{ index, id }], [{ index, function: called }]]),
    ],
    [
      'with the name before the id',
      TWO.flatMap(({ id, name, arguments: text }, index) => [
        [{ index, function: { name, arguments: '' } }],
        [{ index, id, function: { arguments: text } }],
      ]),
    ],
    [
      'with the arguments before the name',
      TWO.flatMap(({ id, name, arguments: text }, index) => [
        [{ index, id, function: { arguments: text } }],
        [{ index, function: { name } }],
      ]),
    ],
    [
      'with id and name apart, without an index',
      TWO.flatMap(({ id, ...called }) => [[{ id }], [{ function: called }]]),
    ],
    [
      'with names in pieces',
      TWO.flatMap(({ id, arguments: text }, index) => [
        [{ index, id, function: { name: 'lo', arguments: '' } }],
        [{ index, function: { name: 'ok' } }],
        [{ index, function: { arguments: text } }],
      ]),
    ],
    [
      'with what there is of the name in each piece',
      TWO.flatMap(({ id, arguments: text }, index) => [
        [{ index, id, function: { name: 'lo' } }],
        [{ index, id, function: { name: 'look' } }],
        [{ index, id, function: { name: 'look', arguments: text } }],
      ]),
    ],
    [
      'with a new id in each piece',
      TWO.flatMap(({ id, name }, i) => [
        [{ id, function: { name, arguments: '{"at":' } }],
        [{ id: `other_${i}`, function: { arguments: `${i + 1}}` } }],
      ]),
    ],
    [
      'with an index in all but the first piece',
      TWO.flatMap(({ id, name, arguments: text }, index) => [
        [{ id, function: { name } }],
        [{ index, function: { arguments: text } }],
      ]),
    ],
    ['with indexes that are texts', TWO.map(({ id, ...called }, i) => [{ index: `${i}`, id, function: called }])],
    ['with the index null', TWO.map(({ id, ...called }) => [{ index: null, id, function: called }])],
    [
      'with one index and one id, each in one piece',
      BARE.map((called) => [{ index: 0, id: 'call', function: called }]),
    ],
    [
      'with an empty object ahead of the arguments',
      TWO.flatMap(({ id, name, arguments: text }, index) => [
        [{ index, id, function: { name, arguments: '{}' } }],
        [{ index, function: { arguments: text } }],
      ]),
    ],
    [
      'with an empty object ahead of the arguments, and id and name in every piece',
      TWO.flatMap(({ id, name, arguments: text }, index) =>
        ['{}', text].map((args) => [{ index, id, function: { name, arguments: args } }]),
      ),
    ],
    [
      'with an index that counts pieces',
      TWO.flatMap(({ id, name }, i) => [
        [{ index: i * 3, id, function: { name, arguments: '{' } }],
        [{ index: i * 3 + 1, function: { arguments: '"at":' } }],
        [{ index: i * 3 + 2, function: { arguments: `${i + 1}}` } }],
      ]),
    ],
    ['without `function`', TWO.map((called, index) => [{ index, ...called }])],
    [
      'with the key of the other kind, null',
      TWO.map(({ id, ...called }, index) => [{ index, id, function: called, custom: null }]),
    ],
  ])('reads two calls %s', (_, chunks) => {
    const deltas = read(...chunks);
    const ids = new Set(chunks.flat().map(({ id }) => id));
    const hasIds = TWO.every(({ id }) => ids.has(id));
    expect(assemble(deltas).map((call) => (hasIds ? call : bare(call)))).toEqual(hasIds ? TWO : BARE);
    expect(deltas.every(({ kind }) => kind === undefined)).toBe(true);
  });

  it('tells calls apart by the index if all have the same id', () => {
    const pieces = [0, 1].map((index) => ({ index, id: 'look', function: { name: 'look', arguments: `${index}` } }));
    expect(assemble(read(pieces)).map((call) => call.arguments)).toEqual(['0', '1']);
  });

  it('reads calls without arguments, in one chunk or each in its own, as calls with no argument', () => {
    const ping = { function: { name: 'ping' } };
    const pong = { function: { name: 'pong', arguments: '' } };
    const both = ['ping', 'pong'].map((name) => ({ name, arguments: '{}' }));
    expect(assemble(read([ping, pong]))).toEqual(both);
    expect(assemble(read([{ index: 0, ...ping }], [{ index: 1, ...pong }]))).toEqual(both);
    const empty = { function: { name: 'ping', arguments: '{}' } };
    expect(assemble(read([{ index: 0, ...empty }], [{ index: 1, ...empty }]))).toEqual([both[0], both[0]]);
    const begun = read([{ index: 0, ...ping }], [{ index: 1, function: { name: 'look', arguments: '{"at":1}' } }]);
    expect(assemble(begun)[0]).toEqual(both[0]);
  });

  it('makes up no arguments if the output was cut, nor for a custom tool', () => {
    const ping = { function: { name: 'ping', arguments: '' } };
    expect(assemble(readUntil('length', [ping]))).toEqual([{ name: 'ping', arguments: '' }]);
    expect(assemble(read([{ custom: { name: 'sql' } }]))).toEqual([{ name: 'sql', arguments: '' }]);
  });

  it('reads a call outside of a list', () => {
    const called = { name: 'look', arguments: '{"at":1}' };
    expect(assemble(read({ id: 'a', function: called }))).toEqual([{ id: 'a', ...called }]);
  });

  it('makes no call of an empty piece', () => {
    expect(read([{ index: 0 }], [{ index: 1, id: 'call_a', function: { name: '', arguments: '' } }])).toEqual([]);
  });

  it('begins calls in the order in which the model made them', () => {
    const calls = read(
      [{ index: 0, id: 'a', function: { name: 'f' } }],
      [{ index: 1, id: 'b', function: { name: 'g', arguments: '{}' } }],
      [{ index: 0, function: { arguments: '{"x":1}' } }],
    );
    expect(assemble(calls)).toEqual([
      { id: 'a', name: 'f', arguments: '{"x":1}' },
      { id: 'b', name: 'g', arguments: '{}' },
    ]);
  });

  it('ignores new ids on later pieces of a call', () => {
    const first = { index: 0, id: 'call_a', function: { name: 'look', arguments: '{' } };
    const second = { index: 0, id: 'call_b', function: { arguments: '}' } };
    expect(assemble(read([first], [second]))).toEqual([{ id: 'call_a', name: 'look', arguments: '{}' }]);
  });

  it('marks every piece of a custom tool', () => {
    const deltas = read(
      [{ index: 0, id: 'call_a', type: 'custom', custom: { name: 'sql', input: '' } }],
      [{ index: 0, custom: { input: 'select' } }],
      [{ index: 0, custom: { input: ' 1' } }],
      [{ index: 1, id: 'call_b', function: { name: 'look', arguments: '{}' } }],
    );
    expect(deltas).toEqual([
      { type: 'tool-call', index: 0, kind: 'custom', id: 'call_a', name: 'sql', arguments: 'select' },
      { type: 'tool-call', index: 0, kind: 'custom', arguments: ' 1' },
      { type: 'tool-call', index: 1, id: 'call_b', name: 'look', arguments: '{}' },
    ]);
  });

  it('ignores empty pieces', () => {
    const first = { index: 0, id: 'call_a', function: { name: 'look', arguments: '{}' } };
    const rest = [{ index: 0, function: { arguments: '' } }, { index: 0, function: null }, { index: 0 }, null];
    expect(read([first], rest)).toHaveLength(1);
  });

  it('reads any number of calls with interleaved pieces', () => {
    // Pieces of arguments that are objects of their own mean something else.
    const piece = fc.string({ minLength: 1 }).map((text) => text.replaceAll('{', '('));
    const calls = fc.array(fc.array(piece, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(calls, fc.integer({ min: 0, max: 9 }), fc.boolean(), (texts, start, repeats) => {
        const longest = Math.max(0, ...texts.map(({ length }) => length));
        const chunks = Array.from({ length: longest }, (_, turn) =>
          texts.flatMap((pieces, i): ScriptedPiece[] => {
            if (turn >= pieces.length) return [];
            const head = turn === 0 || repeats;
            const called = { ...(head && { name: 'f' }), arguments: pieces[turn] };
            return [{ index: start + i, ...(head && { id: `call_${i}` }), function: called }];
          }),
        );
        expect(assemble(read(...chunks)).map((call) => call.arguments)).toEqual(texts.map((text) => text.join('')));
      }),
    );
  });
});
