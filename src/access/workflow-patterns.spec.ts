import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WorkflowPatterns } from './workflow-patterns.js';

describe('WorkflowPatterns', () => {
  it.each([
    [['chat'], 'chat', true],
    [['chat'], 'chatty', false],
    [['chat'], 'my-chat', false],
    [['research*'], 'research', true],
    [['research*'], 'research/deep', true],
    [['research*'], 'my-research', false],
    [['a.c'], 'abc', false],
    [['x', 'team-*-v2'], 'team-blue-v2', true],
    [['x', 'team-*-v2'], 'team-blue-v3', false],
    [['*'], 'anything', true],
    [[], '', false],
    [['a|b'], 'a', false],
  ])('%j matches %s: %s', (patterns, workflow, expected) => {
    expect(new WorkflowPatterns(patterns).match(workflow)).toBe(expected);
  });

  it('takes every character but the star literally', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, other) => {
        const patterns = new WorkflowPatterns([text]);
        expect(patterns.match(text)).toBe(true);
        expect(text.includes('*') || patterns.match(other) === (text === other)).toBe(true);
      }),
    );
  });
});
