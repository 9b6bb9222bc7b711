import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Delta } from '../../streaming/index.js';
import { ToolCallFilter } from './tool-call-filter.js';

const filter = (): ToolCallFilter => new ToolCallFilter((name) => name === 'own');
const call = (index: number, name?: string): Delta => ({
  type: 'tool-call',
  index,
  ...(name !== undefined && { id: `id_${index}`, name }),
  arguments: '{}',
});

describe('ToolCallFilter', () => {
  it('passes on a batch without calls as the same object', () => {
    const batch: readonly Delta[] = [{ type: 'content', text: 'x' }];
    expect(filter().take(batch)).toBe(batch);
  });

  it("removes the server's calls and closes the gaps", () => {
    const one = filter();
    expect(one.take([call(0, 'own'), { type: 'content', text: 'x' }, call(1, 'theirs')])).toEqual([
      { type: 'content', text: 'x' },
      { ...call(1, 'theirs'), index: 0 },
    ]);
    expect(one.take([call(0), call(1), call(2, 'own'), call(3, 'theirs')])).toEqual([
      { ...call(1), index: 0 },
      { ...call(3, 'theirs'), index: 1 },
    ]);
  });

  it('numbers the calls for the client from 0 without gaps, whatever the model calls', () => {
    const names = fc.array(fc.constantFrom('own', 'theirs', 'other'), { maxLength: 12 });
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.boolean()), (calls, isApart) => {
        const pieces = calls.flatMap((name, index) => [call(index, name), call(index)]);
        const batches = pieces.reduce<Delta[][]>(
          (made, piece) =>
            isApart.next().value ? [...made, [piece]] : [...made.slice(0, -1), [...(made.at(-1) ?? []), piece]],
          [],
        );
        const one = filter();
        const shown = batches.flatMap((batch) => one.take(batch));
        const theirs = calls.filter((name) => name !== 'own');
        expect(shown).toEqual(
          theirs.flatMap((name, index) => {
            const id = `id_${calls.flatMap((other, at) => (other === 'own' ? [] : [at]))[index]}`;
            return [{ ...call(index, name), id }, call(index)];
          }),
        );
      }),
    );
  });
});
