import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { evaluate } from './arithmetic.js';

describe('evaluate', () => {
  it.each<[string, number | undefined]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 3 - 2', 5],
    ['2 ^ 3 ^ 2', 512],
    ['2**3', 8],
    ['-2 ^ 2', -4],
    ['2 ^ -1', 0.5],
    ['-(3 + 4)', -7],
    ['7 % 4', 3],
    ['.5 * 4', 2],
    ['1 / 0', Infinity],
    ['', undefined],
    ['1 +', undefined],
    ['(1', undefined],
    ['1)', undefined],
    ['1 2', undefined],
    ['a + 1', undefined],
    ['()', undefined],
    ['* 2', undefined],
    ['('.repeat(300), undefined],
  ])('%p is %p', (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it('agrees with JavaScript', () => {
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 3 },
        fc.nat(99).map(String),
        fc
          .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/', '%'), tie('expression'))
          .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
        fc.tuple(tie('expression'), fc.constantFrom('+', '*'), tie('expression')).map((parts) => parts.join(' ')),
      ),
    }));
    fc.assert(
      fc.property(expression, (text) => {
        fc.pre(text.length <= 200);
        // oxlint-disable-next-line typescript/no-implied-eval -- the oracle: the text is made of digits and operators
        expect(evaluate(text)).toBe(new Function(`return ${text}`)());
      }),
    );
  });
});
