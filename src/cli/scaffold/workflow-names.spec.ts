import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../cli-error.js';
import { makeWorkflowNames } from './workflow-names.js';

describe('the names of a new workflow', () => {
  it('are made from its id', () => {
    expect(makeWorkflowNames('my-flow2')).toEqual({
      id: 'my-flow2',
      title: 'My flow2',
      workflow: 'MyFlow2Workflow',
    });
  });

  it.each([
    '',
    'con',
    'aux',
    'com1',
    '../up',
    'a/b',
    'My',
    'a--b',
    '-a',
    'a-',
    '2nd',
    'über',
    "a'b",
    'a b',
    'a'.repeat(65),
  ])('are refused for %j', (id) => {
    expect(() => makeWorkflowNames(id)).toThrow(UsageError);
  });
});
