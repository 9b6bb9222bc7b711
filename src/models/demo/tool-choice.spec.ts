import { describe, expect, it } from '@jest/globals';
import { chooseTools } from './tool-choice.js';

const parameters = { type: 'object', properties: {} };
const weather = { type: 'function', function: { name: 'get_weather', parameters } };
const clock = { type: 'function', function: { name: 'clock' } };
const note = { type: 'custom', custom: { name: 'note' } };
const tools = [weather, clock, note];

const listCalled = (request: Record<string, unknown>, message = '', isReplyDue = false): string[] =>
  chooseTools(request, message, isReplyDue).map(({ name }) => name);

describe('chooseTools', () => {
  it('calls none without tools', () => {
    expect(listCalled({}, 'get_weather')).toEqual([]);
    expect(listCalled({ tools: 'x', tool_choice: 'required' })).toEqual([]);
    expect(listCalled({ tools: [null, { type: 'function' }], tool_choice: 'required' })).toEqual([]);
  });

  it.each([undefined, null, 'auto'])(
    'with tool_choice %p calls those that the message plainly names',
    (tool_choice) => {
      expect(listCalled({ tools, tool_choice }, 'Please call get_weather for Paris')).toEqual(['get_weather']);
      expect(listCalled({ tools, tool_choice }, 'GET_WEATHER!')).toEqual(['get_weather']);
      expect(listCalled({ tools, tool_choice }, 'use `clock`, then note')).toEqual(['clock', 'note']);
      expect(listCalled({ tools, tool_choice }, 'Wind it clockwise, and wait.')).toEqual([]);
    },
  );

  it.each([
    ['How is the weather in Paris?', ['get_weather']],
    ['Where is my order 4711? The delivery is late.', ['trackParcel']],
    ['Send an email to Bob', ['send_email']],
    ['Hello, how are you?', []],
    ['Tell me a joke about an order of monks', []],
  ])('with a message that asks for what a tool does, calls it: %s', (message, names) => {
    const tool = (name: string, description: string): object => ({ type: 'function', function: { name, description } });
    const offered = [
      tool('get_weather', 'Tells the weather in a city'),
      tool('trackParcel', 'Looks up the delivery state of an order'),
      tool('send_email', 'Sends a mail'),
    ];
    expect(listCalled({ tools: offered }, message)).toEqual(names);
  });

  it('calls none after the result of a tool', () => {
    expect(listCalled({ tools }, 'get_weather', true)).toEqual([]);
  });

  it('calls one at a time if parallel calls are switched off', () => {
    expect(listCalled({ tools, parallel_tool_calls: false }, 'clock, note')).toEqual(['clock']);
  });

  it('never calls with none', () => {
    expect(listCalled({ tools, tool_choice: 'none' }, 'get_weather')).toEqual([]);
  });

  it('always calls with required: the named ones, or else the first', () => {
    expect(listCalled({ tools, tool_choice: 'required' }, 'what is the note?')).toEqual(['note']);
    expect(listCalled({ tools, tool_choice: 'required' }, 'Hello')).toEqual(['get_weather']);
    expect(listCalled({ tools, tool_choice: 'required' }, 'Hello', true)).toEqual(['get_weather']);
  });

  it('calls the tool that tool_choice names', () => {
    expect(listCalled({ tools, tool_choice: { type: 'function', function: { name: 'clock' } } })).toEqual(['clock']);
    expect(listCalled({ tools, tool_choice: { type: 'custom', custom: { name: 'note' } } })).toEqual(['note']);
    expect(listCalled({ tools, tool_choice: { type: 'function', function: { name: 'note' } } })).toEqual([]);
  });

  it('keeps to allowed tools', () => {
    const makeAllowed = (mode: string): object => ({ type: 'allowed_tools', allowed_tools: { mode, tools: [clock] } });
    expect(listCalled({ tools, tool_choice: makeAllowed('auto') }, 'get_weather and clock')).toEqual(['clock']);
    expect(listCalled({ tools, tool_choice: makeAllowed('auto') }, 'Hello')).toEqual([]);
    expect(listCalled({ tools, tool_choice: makeAllowed('required') }, 'Hello')).toEqual(['clock']);
  });

  it('passes on the schema of functions; without one, anything fits', () => {
    expect(chooseTools({ tools, tool_choice: 'required' }, 'get_weather, clock, note', false)).toEqual([
      { kind: 'function', name: 'get_weather', description: '', schema: parameters },
      { kind: 'function', name: 'clock', description: '', schema: { type: 'object' } },
      { kind: 'custom', name: 'note', description: '', schema: { type: 'object' } },
    ]);
  });
});
