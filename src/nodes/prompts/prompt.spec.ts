import { describe, expect, it } from '@jest/globals';
import { PromptError } from './prompt-error.js';
import { Prompt } from './prompt.js';

const prompt = (text: string): Prompt => new Prompt('prompts/x.md', text);
const catchPromptError = (act: () => unknown): PromptError => {
  try {
    act();
  } catch (error) {
    if (error instanceof PromptError) return error;
    throw error;
  }
  throw new Error('Expected a PromptError');
};

describe('Prompt', () => {
  it('fills in variables, without the blank lines around the text', () => {
    const text =
      '---\ndescription: d\n---\n\nHello {{ name }}.{% for item in items %} {{ forloop.index }}: {{ item.title }}{% endfor %}\n\n';
    expect(prompt(text).render({ name: 'Ann', items: [{ title: 'a' }, { title: 'b' }] })).toBe('Hello Ann. 1: a 2: b');
    expect(prompt(text).info.description).toBe('d');
  });

  it('escapes nothing, because the text is for a model', () => {
    expect(prompt('{{ x }}').render({ x: '<a & "b">' })).toBe('<a & "b">');
  });

  it.each([
    ['', 'no'],
    [0, 'no'],
    [null, 'no'],
    [false, 'no'],
    ['x', 'yes'],
  ])('reads %j in a condition as JavaScript does', (value, expected) => {
    expect(prompt('{% if value %}yes{% else %}no{% endif %}').render({ value })).toBe(expected);
  });

  it('writes any JSON that a client may have sent', () => {
    const unspeakable = { toString: 1, valueOf: 1 };
    expect(prompt('{{ value }}').render({ value: unspeakable })).toBe('an object');
    expect(prompt('{{ value }}').render({ value: ['a', [unspeakable, null], 1] })).toBe('aan object1');
    expect(prompt('{{ value.a }}{{ value.b }}').render({ value: { a: 1, b: { toString: null } } })).toBe('1an object');
  });

  it.each([
    ['a variable', 'Hi {{ name }}', {}, 'undefined variable: name'],
    ['a variable given as undefined', 'Hi {{ name }}', { name: undefined }, 'undefined variable: name'],
    ['a part of a variable', 'Hi {{ user.name }}', { user: {} }, 'undefined variable: user.name'],
    ['a variable of a condition', '{% if urgent %}!{% endif %}x', {}, 'undefined variable: urgent'],
    ['what objects inherit', '{{ user.constructor }}', { user: {} }, 'undefined variable: user.constructor'],
  ])('cannot be rendered without %s', (_, text, variables, message) => {
    const error = catchPromptError(() => prompt(text).render(variables));
    expect(error.message).toMatch(/^The prompt file prompts\/x\.md cannot be rendered: /);
    expect(error.message).toContain(message);
  });

  it.each([
    ['an open tag', 'one\n{{ name', /has a mistake: output "\{\{ name" not closed.*line:2/],
    ['an unknown tag', '{% frobnicate %}', /tag "frobnicate" not found/],
    ['an unknown filter', '{{ name | shout }}', /undefined filter: shout/],
    ['another file', "{% render 'other' %}", /has a mistake/],
    ['nothing', '---\ndescription: d\n---\n  \n', /is empty/],
    ['front matter that is not YAML', '---\na: [\n---\nx', /has front matter that is not valid YAML/],
    [
      'a variable that is not named',
      '---\nvariables: [a]\n---\n{{ a }}{{ b }}',
      /uses "b", which its front matter does not/,
    ],
    [
      'a variable that is not used',
      '---\nvariables: [a, b]\n---\n{{ a }}',
      /does not use "b", which its front matter names/,
    ],
  ])('cannot be made of %s', (_, text, message) => {
    expect(catchPromptError(() => prompt(text)).message).toMatch(message);
  });

  it('counts the lines of the front matter in line numbers', () => {
    expect(catchPromptError(() => prompt('---\na: 1\n---\n{% bogus %}')).message).toContain('line:4');
  });

  it('refuses an unknown variable if its front matter names the variables', () => {
    const named = prompt('---\nvariables: [a]\n---\n{{ a }}');
    expect(catchPromptError(() => named.render({ a: 1, b: 2 })).message).toContain('does not take "b". It takes "a".');
    expect(prompt('{{ a }}').render({ a: 1, b: 2 })).toBe('1');
  });

  it('checks the names of the variables before it is rendered', () => {
    const named = new Prompt('a.md', '---\nvariables: [topic]\n---\nAbout {{ topic }}');
    expect(() => named.check(['topic'])).not.toThrow();
    expect(() => named.check(['topik'])).toThrow('The prompt file a.md does not take "topik". It takes "topic".');
    expect(() => named.check([])).toThrow('The prompt file a.md needs "topic", and is given nothing.');
    expect(() => new Prompt('b.md', 'About {{ topic }}').check(['topik'])).toThrow(
      'The prompt file b.md needs "topic", and is given "topik".',
    );
  });
});
