import { describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../errors/index.js';
import type { Message } from '../message.js';
import { composeOutput, type ComposedCall } from './compose-output.js';

const user = (content: string): Message => ({ role: 'user', content });
const text = { type: 'string' };

function jsonFor(message: string, properties: Record<string, unknown>): Record<string, unknown> {
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  const output = composeOutput([user(message)], {
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
  });
  return JSON.parse(readText(output)) as Record<string, unknown>;
}

type ComposedOutput = string | readonly ComposedCall[];

function readText(output: ComposedOutput): string {
  if (typeof output !== 'string') throw new Error('Expected a text');
  return output;
}

function readCalls(output: ComposedOutput): readonly ComposedCall[] {
  if (typeof output === 'string') throw new Error('Expected calls');
  return output;
}

describe('composeOutput', () => {
  it.each([undefined, null, { type: 'text' }])('answers in text with response_format %p', (response_format) => {
    const output = composeOutput([user('What is 12 * 7?')], { response_format });
    expect(readText(output)).toMatch(/^12 \* 7 = 84\./);
  });

  it.each([{ type: 'json_object' }, { type: 'json_schema', json_schema: { name: 'free' } }])(
    'answers with an object of its own with response_format %p',
    (response_format) => {
      const output = composeOutput([user('What is 12 * 7?')], { response_format });
      expect(JSON.parse(readText(output))).toEqual({ reply: expect.stringMatching(/^12 \* 7 = 84\./) });
    },
  );

  describe('with a JSON schema', () => {
    it('gives the reply, and how it came about', () => {
      expect(jsonFor('What is 12 * 7?', { thinking: text, reply: text })).toEqual({
        thinking: 'I never think: I have a rule for each kind of message.',
        reply: expect.stringMatching(/^12 \* 7 = 84\./),
      });
    });

    it.each(['answer', 'final_answer', 'response', 'message', 'content', 'text', 'output'])(
      'puts the reply in %p',
      (name) => {
        expect(jsonFor('count to 3', { [name]: text })[name]).toBe('1, 2, 3.');
      },
    );

    it.each(['reasoning', 'thoughts', 'analysis', 'chainOfThought'])('puts its reasons in %p', (name) => {
      expect(jsonFor('count to 3', { [name]: text })[name]).toMatch(/^I never think/);
    });

    it('puts the subject, a short form of the reply, and facts from the message of the user in other texts', () => {
      const message = 'My name is Ada. Plan a weekend trip to Paris.';
      expect(jsonFor(message, { title: text, summary: text, name: text })).toEqual({
        title: 'Ada Plan weekend',
        summary: expect.stringMatching(/^You write about/),
        name: 'Ada',
      });
    });

    it('gives the items of a list different texts', () => {
      const list = { type: 'array', items: text, minItems: 3, maxItems: 3 };
      const { tags, thoughts } = jsonFor('Whales and sharks', { tags: list, thoughts: list });
      expect(tags).toEqual(['Whales', 'sharks', 'Whales sharks 3']);
      expect(new Set(thoughts as string[]).size).toBe(3);
    });

    it('chooses options, booleans and numbers by the words of the message', () => {
      const properties = {
        category: { enum: ['billing', 'technical', 'other'] },
        severity: { anyOf: [{ const: 'low' }, { const: 'medium' }, { const: 'high' }] },
        spam: { type: 'boolean' },
        angry: { type: 'boolean', description: 'True for threats' },
        order: { type: 'integer' },
        email: text,
      };
      const message =
        'The app crashes with order 4711, fix it immediately! Write to bob@example.org, or my lawyer calls.';
      expect(jsonFor(message, properties)).toEqual({
        category: 'technical',
        severity: 'high',
        spam: false,
        angry: true,
        order: 4711,
        email: 'bob@example.org',
      });
    });

    it('fails honestly if nothing fits', () => {
      expect(() => jsonFor('Hello', { reply: { ...text, enum: [] } })).toThrow(UpstreamError);
    });
  });

  describe('with tools', () => {
    const weather = {
      type: 'function',
      function: {
        name: 'get_weather',
        parameters: {
          type: 'object',
          properties: { city: text, unit: { enum: ['celsius'] }, days: { type: 'integer', minimum: 1, maximum: 7 } },
          required: ['city', 'unit', 'days'],
          additionalProperties: false,
        },
      },
    };
    const note = { type: 'custom', custom: { name: 'note' } };

    it('calls with valid arguments about the subject of the message', () => {
      const output = composeOutput([user('How is the weather in Paris for the next 3 days?')], { tools: [weather] });
      expect(output).toEqual([{ id: 'call_demo_1', kind: 'function', name: 'get_weather', input: expect.any(String) }]);
      const input = readCalls(output)[0]?.input;
      const { city, unit, days } = JSON.parse(input ?? '') as Record<string, unknown>;
      expect({ city, unit }).toEqual({ city: 'Paris', unit: 'celsius' });
      expect(days).toBe(3);
    });

    it.each([
      ['Send an email to bob@example.com about lunch', 'send_email', { to: 'bob@example.com', subject: 'lunch' }],
      [
        'Mail bob@example.com that dinner is ready',
        'send_email',
        { to: 'bob@example.com', subject: 'Mail dinner ready' },
      ],
      ['What is 12*7?', 'calculator', { expression: '12*7' }],
    ])('calls what %p asks for, with the values in it', (message, name, args) => {
      const properties = Object.fromEntries(Object.keys(args).map((key) => [key, text]));
      const parameters = { type: 'object', properties, required: Object.keys(args) };
      const tools = ['calculator', 'send_email'].map((each) => ({
        type: 'function',
        function: { name: each, parameters },
      }));
      const output = composeOutput([user(message)], { tools });
      expect(readCalls(output).map((call) => [call.name, JSON.parse(call.input)])).toEqual([[name, args]]);
    });

    it('continues the numbers of the calls in the conversation', () => {
      const earlier: Message = {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'x', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
          { id: 'y', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
        ],
      };
      const output = composeOutput([user('Hi'), earlier, user('note and get_weather')], {
        tools: [weather, note],
      });
      expect(readCalls(output).map(({ id, name }) => [id, name])).toEqual([
        ['call_demo_3', 'get_weather'],
        ['call_demo_4', 'note'],
      ]);
    });

    it('gives a custom tool the message', () => {
      const tool_choice = { type: 'custom', custom: { name: 'note' } };
      expect(composeOutput([user('Buy milk')], { tools: [note], tool_choice })).toEqual([
        { id: 'call_demo_1', kind: 'custom', name: 'note', input: 'Buy milk' },
      ]);
    });

    it('answers in text, in the format asked for, after the tool', () => {
      const messages: Message[] = [
        user('Call get_weather'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'a', content: '{"sky":"clear"}' },
      ];
      expect(readText(composeOutput(messages, { tools: [weather] }))).toContain(
        'get_weather answered: “{"sky":"clear"}”.',
      );
      const json = readText(composeOutput(messages, { tools: [weather], response_format: { type: 'json_object' } }));
      expect(JSON.parse(json)).toEqual({ reply: expect.stringContaining('get_weather answered: “{"sky":"clear"}”.') });
    });

    it('names the parameter at fault if no arguments fit', () => {
      const impossible = { type: 'function', function: { name: 'f', parameters: false } };
      expect(() => composeOutput([user('f')], { tools: [impossible] })).toThrow(
        expect.objectContaining({ status: 400, param: 'tools' }),
      );
    });
  });
});
