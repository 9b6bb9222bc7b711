import { describe, expect, it } from '@jest/globals';
import { AgentTool } from '../../workflow/index.js';
import { listClientTools, writeToolParameters } from './tool-parameters.js';
import { Toolbox } from './toolbox.js';

class ClockTool extends AgentTool<void, string> {
  readonly name = 'clock';
  readonly description = 'Tells the time';
  readonly argsType = undefined;
  execute(): string {
    return 'noon';
  }
}
const toolbox = new Toolbox([new ClockTool()]);
const theirs = { type: 'function', function: { name: 'theirs' } };
const makeChoice = (name: string): object => ({ type: 'function', function: { name } });

describe('listClientTools', () => {
  it.each([
    ['none are sent', {}],
    ['null is sent', { tools: null }],
    ['none may be called', { tools: [theirs], tool_choice: 'none' }],
  ])('gives none if %s', (_, forwarded) => {
    expect(listClientTools(forwarded, toolbox)).toEqual([]);
  });

  it.each([makeChoice('clock'), { type: 'custom', custom: { name: 'clock' } }])(
    'refuses a name that a tool of the server has: %j',
    (tool) => {
      expect(() => listClientTools({ tools: [theirs, tool] }, toolbox)).toThrow('a tool `clock` of its own');
      expect(listClientTools({ tools: [tool], tool_choice: 'none' }, toolbox)).toEqual([]);
    },
  );
});

describe('listClientTools, with unchecked parts of a tool', () => {
  it.each([null, 1, 'no', {}, { name: { toString: 1, valueOf: 1 } }, { name: [{ toString: 1 }] }])('%#', (other) => {
    const custom = { type: 'custom', custom: { name: 'theirs' }, function: other };
    expect(listClientTools({ tools: [custom] }, toolbox)).toEqual([custom]);
    const taken = { ...custom, custom: { name: 'clock' } };
    expect(() => listClientTools({ tools: [taken] }, toolbox)).toThrow('a tool `clock` of its own');
  });
});

const UNUSED = { haveBeenUsed: false, areUsedUp: false };
const USED = { haveBeenUsed: true, areUsedUp: false };
const USED_UP = { haveBeenUsed: true, areUsedUp: true };

describe('writeToolParameters', () => {
  it("offers the server's tools and the client's, with the client's wishes about them", () => {
    const forwarded = { temperature: 1, tools: [theirs], tool_choice: 'auto', parallel_tool_calls: false };
    expect(writeToolParameters(forwarded, { temperature: 0 }, toolbox, UNUSED)).toEqual({
      temperature: 0,
      tools: [...toolbox.definitions, theirs],
      tool_choice: 'auto',
      parallel_tool_calls: false,
    });
  });

  it("ignores the client's choices about tools that it has not sent, but not the agent's", () => {
    const forwarded = { tool_choice: 'required', parallel_tool_calls: false };
    expect(writeToolParameters(forwarded, {}, toolbox, UNUSED)).toEqual({ tools: toolbox.definitions });
    const settings = { tool_choice: 'required', parallel_tool_calls: true };
    expect(writeToolParameters(forwarded, settings, toolbox, UNUSED)).toEqual({
      tools: toolbox.definitions,
      ...settings,
    });
  });

  it.each([
    ['auto', 'auto'],
    ['none', 'none'],
    ['required', undefined],
    [makeChoice('clock'), undefined],
    [{ type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [] } }, undefined],
    [
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
    ],
  ])('turns the choice %j into %j once tools have been used', (choice, left) => {
    expect(writeToolParameters({}, { tool_choice: choice }, toolbox, UNUSED)['tool_choice']).toEqual(choice);
    expect(writeToolParameters({}, { tool_choice: choice }, toolbox, USED)['tool_choice']).toEqual(left);
  });

  it("offers only the client's tools once the server's are used up", () => {
    expect(writeToolParameters({}, { tool_choice: 'required' }, toolbox, USED_UP)).toEqual({
      tools: toolbox.definitions,
      tool_choice: 'none',
    });
    expect(writeToolParameters({ tools: [theirs], tool_choice: 'auto' }, {}, toolbox, USED_UP)).toEqual({
      tools: [theirs],
      tool_choice: 'auto',
    });
  });
});
