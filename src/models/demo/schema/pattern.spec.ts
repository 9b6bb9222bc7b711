import { describe, expect, it } from '@jest/globals';
import { NoInstanceError } from './no-instance-error.js';
import { writeMatch } from './pattern.js';

describe('writeMatch', () => {
  it.each([
    '^[a-z]{3,9}$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^#[0-9a-fA-F]{6}$',
    '^\\+[1-9]\\d{1,14}$',
    '^\\p{Lu}\\w+$',
    '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$',
    '^(?:foo|bar)+$|^x$',
    '^(?<year>\\d{4})?$',
    '^[^@a-z\\s]+@[^@]+?$',
    '^[\\w.-]*[-a]\\$\\{[a-z]+\\}$',
    '^[🦖-🦗]é.\\S\\W\\D$',
    '^[a-z]{1,64}@[a-z]{1,63}(?:\\.[a-z]{2,63})+$',
    '[^\\w\\s-]{2}[^\\d][^\\p{L}\\d]',
    '^[\\S][\\W][🦖]$',
    '',
  ])('%s', (pattern) => {
    for (const more of [0, 1, 5]) expect(writeMatch(pattern, more)).toMatch(new RegExp(pattern, 'u'));
  });

  it.each([
    '(',
    ')',
    'a)',
    '[a',
    '[',
    '*',
    'a**',
    '\\',
    '\\1',
    '\\b',
    '\\p{Greek}',
    '(?=a)',
    '(?<!a)',
    '[^\\s\\S]',
    'a{3,1}',
    '(a{1000}){1000}',
  ])('refuses %s', (pattern) => {
    expect(() => writeMatch(pattern, 0)).toThrow(NoInstanceError);
  });
});
