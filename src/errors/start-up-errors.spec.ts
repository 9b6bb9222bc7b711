import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, DefinitionError, StartUpError } from './start-up-errors.js';

describe('start-up errors', () => {
  it('list every wrong setting', () => {
    const error = new ConfigurationError(['PORT must be a port', 'LOG_LEVEL must be a level']);
    expect(error).toBeInstanceOf(StartUpError);
    expect(error.name).toBe('ConfigurationError');
    expect(error.message).toBe(
      'Millrace cannot start: 2 settings are wrong in the environment.\n' +
        '  - PORT must be a port\n' +
        '  - LOG_LEVEL must be a level',
    );
  });

  it('list every fault of every workflow, with where it is and how to fix it', () => {
    const error = new DefinitionError([
      { code: 'duplicate_workflow_id', workflow: 'chat', message: 'Two have this id.', fix: 'Rename one.' },
      { code: 'unknown_provider', workflow: 'b', node: 'TextNode', message: 'No such provider.', fix: 'Set its key.' },
    ]);
    expect(error.message.split('\n')).toEqual([
      'Millrace cannot start: 2 faults in the workflow definitions.',
      '  - [duplicate_workflow_id] workflow "chat": Two have this id. Rename one.',
      '  - [unknown_provider] workflow "b", step "TextNode": No such provider. Set its key.',
    ]);
    expect(error.faults).toHaveLength(2);
  });

  it('list faults inside a fault indented, after its fix', () => {
    const inside = new ConfigurationError(['a', 'b']);
    const error = new DefinitionError([
      { code: 'node_not_ready', workflow: 'chat', node: 'topic', message: inside.message, fix: 'Correct the agent.' },
      { code: 'define_failed', workflow: 'b', message: 'define() threw "one\ntwo".', fix: 'Correct it.' },
    ]);
    expect(error.message.split('\n')).toEqual([
      'Millrace cannot start: 2 faults in the workflow definitions.',
      '  - [node_not_ready] workflow "chat", step "topic": Millrace cannot start: 2 settings are wrong in the environment. Correct the agent.',
      '      - a',
      '      - b',
      '  - [define_failed] workflow "b": define() threw "one',
      '    two". Correct it.',
    ]);
  });

  it('use the singular for a single fault', () => {
    expect(new ConfigurationError(['x']).message).toContain('one setting is wrong');
    expect(new DefinitionError([{ code: 'x', workflow: 'a', message: 'm', fix: 'f' }]).message).toContain(
      'one fault in',
    );
  });
});
