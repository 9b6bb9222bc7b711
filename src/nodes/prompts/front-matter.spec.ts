import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFrontMatter } from './front-matter.js';

describe('readFrontMatter', () => {
  it('splits a file into front matter and template, whose lines keep their numbers', () => {
    const { info, template } = readFrontMatter(
      '---\ndescription: Advice\nauthor: Ann\nvariables: [topic, urgent]\nversion: 3\n---\nYou advise.\n',
    );
    expect(info).toEqual({
      description: 'Advice',
      author: 'Ann',
      variables: ['topic', 'urgent'],
      frontMatter: { description: 'Advice', author: 'Ann', variables: ['topic', 'urgent'], version: 3 },
    });
    expect(template.split('\n').indexOf('You advise.')).toBe(6);
  });

  it.each([
    ['names with descriptions', '---\nvariables:\n  topic: What it is about\n---\nx', ['topic']],
    ['no variables', '---\nvariables: []\n---\nx', []],
    ['an empty list', '---\nvariables:\n---\nx', []],
    ['no word about them', '---\n---\nx', undefined],
    ['Windows line ends and a byte order mark', '\uFEFF---\r\nvariables: [a]\r\n---\r\nx', ['a']],
  ])('reads the variables: %s', (_, text, variables) => {
    expect(readFrontMatter(text).info.variables).toEqual(variables);
    expect(readFrontMatter(text).template.trim()).toBe('x');
  });

  it.each([
    ['invalid YAML', '---\na: [\n---\nx', /not valid YAML.*line/],
    ['a list', '---\n- a\n---\nx', /not a list of "name: value"/],
    ['a description that is not a text', '---\ndescription: 3\n---\nx', /"description" is not a text/],
    ['an author that is not a text', '---\nauthor: [x]\n---\nx', /"author" is not a text/],
    ['variables that are a text', '---\nvariables: topic\n---\nx', /neither a list/],
    ['variables that are not names', '---\nvariables: [1]\n---\nx', /neither a list/],
  ])('refuses %s', (_, text, message) => {
    expect(() => readFrontMatter(text)).toThrow(message);
  });

  it('takes a file without front matter as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.startsWith('---') && !text.startsWith('\uFEFF'));
        expect(readFrontMatter(text)).toEqual({ info: { frontMatter: {} }, template: text });
      }),
    );
  });

  it('ignores a `---` line further down', () => {
    const text = 'First.\n---\nSecond.\n---\n';
    expect(readFrontMatter(text).template).toBe(text);
  });
});
