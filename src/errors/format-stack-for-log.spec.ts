import { describe, expect, it } from '@jest/globals';
import { formatStackForLog } from './format-stack-for-log.js';

const SECRET = 'my secret diagnosis';

function catchThrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    // Both errors are made in this realm, so `instanceof` works under jest.
    if (error instanceof Error) return error;
  }
  throw new Error('Nothing was thrown');
}

describe('formatStackForLog', () => {
  it.each([
    ['text that is not JSON', () => JSON.parse(SECRET) as unknown],
    ['a broken pattern', () => new RegExp(`(${SECRET}`)],
    ['a string used as an object', () => 'name' in (SECRET as unknown as object)],
  ])('leaves out what the error of %s quotes, and keeps the stack', (_, work) => {
    const error = catchThrown(work);
    expect(error.message).toContain('secret');
    const stack = formatStackForLog(error);
    expect(stack).not.toContain('secret');
    expect(stack).toMatch(/^(SyntaxError|TypeError) .*\n\s+at /);
  });

  it('keeps messages that quote only names in the program', () => {
    const nothing = undefined as unknown as { name: string };
    expect(formatStackForLog(catchThrown(() => nothing.name))).toContain("(reading 'name')");
    expect(formatStackForLog(new Error('The route has no branch'))).toContain('The route has no branch');
  });
});
