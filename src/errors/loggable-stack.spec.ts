import { describe, expect, it } from '@jest/globals';
import { loggableStack } from './loggable-stack.js';

const SECRET = 'my secret diagnosis';

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    // Built-in errors of jest's realm and of the tested code are the same there, since both are made here.
    if (error instanceof Error) return error;
  }
  throw new Error('Nothing was thrown');
}

describe('loggableStack', () => {
  it.each([
    ['JSON that is none', () => JSON.parse(SECRET) as unknown],
    ['a pattern that is none', () => new RegExp(`(${SECRET}`)],
    ['a text taken for an object', () => 'name' in (SECRET as unknown as object)],
  ])('leaves out what %s quotes, and keeps the place', (_, work) => {
    const error = thrownBy(work);
    expect(error.message).toContain('secret');
    const stack = loggableStack(error);
    expect(stack).not.toContain('secret');
    expect(stack).toMatch(/^(SyntaxError|TypeError) .*\n\s+at /);
  });

  it('keeps messages that name the program alone', () => {
    const nothing = undefined as unknown as { name: string };
    expect(loggableStack(thrownBy(() => nothing.name))).toContain("(reading 'name')");
    expect(loggableStack(new Error('The route has no branch'))).toContain('The route has no branch');
  });
});
