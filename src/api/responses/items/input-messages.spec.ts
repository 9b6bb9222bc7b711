import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../kernel/index.js';
import { makeMessages } from './input-messages.js';

const user = (content: unknown): JsonObject => ({ role: 'user', content });
const makeAssistant = (...content: object[]): JsonObject => ({ type: 'message', role: 'assistant', content });
const text = (words: string) => ({ type: 'output_text', text: words });
const call = (id: string, name = 'f') => ({ type: 'function_call', call_id: id, name, arguments: '{}' });
const output = (id: string, given: unknown = 'ok') => ({ type: 'function_call_output', call_id: id, output: given });
const custom = (id: string) => ({ type: 'custom_tool_call', call_id: id, name: 'c', input: 'x' });
const customOutput = (id: string) => ({ type: 'custom_tool_call_output', call_id: id, output: 'done' });
const thought = { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: null };
const receipt = { type: 'web_search_call', id: 'ws_1', status: 'completed' };

const makeCall = (id: string, name = 'f') => ({ id, type: 'function', function: { name, arguments: '{}' } });
const tool = (id: string, content = 'ok') => ({ role: 'tool', tool_call_id: id, content });
const calls = (content: string | null, ...list: object[]) => ({ role: 'assistant', content, tool_calls: list });

describe('makeMessages', () => {
  it.each<[string, readonly JsonObject[], readonly object[]]>([
    ['a text', [user('Hi')], [{ role: 'user', content: 'Hi' }]],
    ['one part of text as a text', [user([{ type: 'input_text', text: 'Hi' }])], [{ role: 'user', content: 'Hi' }]],
    [
      'parts of a user',
      [
        user([
          { type: 'input_text', text: 'Look', prompt_cache_breakpoint: {} },
          { type: 'input_image', image_url: 'data:,x', detail: 'low' },
          { type: 'input_image', image_url: 'data:,y', detail: 'original' },
          { type: 'input_image', image_url: 'data:,z', detail: null, file_id: null },
          { type: 'input_image', file_id: 'file_1' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:,p' },
          { type: 'input_file', file_url: 'https://example.com/b.pdf', file_id: null },
          { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
        ]),
      ],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: 'data:,x', detail: 'low' } },
            { type: 'image_url', image_url: { url: 'data:,y', detail: 'high' } },
            { type: 'image_url', image_url: { url: 'data:,z' } },
            { type: 'file', file: { file_id: 'file_1' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:,p' } },
            { type: 'file', file: { file_url: 'https://example.com/b.pdf' } },
            { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
          ],
        },
      ],
    ],
    [
      'messages of an application, in their roles',
      [
        { role: 'developer', content: 'D' },
        {
          role: 'system',
          content: [
            { type: 'input_text', text: 'A' },
            { type: 'input_text', text: 'B' },
          ],
        },
      ],
      [
        { role: 'developer', content: 'D' },
        {
          role: 'system',
          content: [
            { type: 'text', text: 'A' },
            { type: 'text', text: 'B' },
          ],
        },
      ],
    ],
    [
      'what a model said, its parts as one text',
      [
        makeAssistant(text('A'), text('B')),
        makeAssistant({ type: 'refusal', refusal: 'No' }),
        { role: 'assistant', content: 'C' },
      ],
      [
        { role: 'assistant', content: 'AB' },
        { role: 'assistant', content: null, refusal: 'No' },
        { role: 'assistant', content: 'C' },
      ],
    ],
    [
      'nothing for a message that says nothing',
      [user('Hi'), makeAssistant(), makeAssistant(text(''))],
      [{ role: 'user', content: 'Hi' }],
    ],
    [
      'calls that follow each other, and the text before them, as one message',
      [makeAssistant(text('Let me see')), call('1'), thought, receipt, call('2', 'g'), output('1'), output('2')],
      [calls('Let me see', makeCall('1'), makeCall('2', 'g')), tool('1'), tool('2')],
    ],
    ['a call without words', [call('1'), output('1')], [calls(null, makeCall('1')), tool('1')]],
    [
      'calls one after another as several messages',
      [call('1'), output('1'), call('2'), output('2'), makeAssistant(text('Done'))],
      [
        calls(null, makeCall('1')),
        tool('1'),
        calls(null, makeCall('2')),
        tool('2'),
        { role: 'assistant', content: 'Done' },
      ],
    ],
    [
      'an output behind its call, whatever stands between them',
      [call('1'), makeAssistant(text('Wait')), user('Well?'), output('1')],
      [
        calls(null, makeCall('1')),
        tool('1'),
        { role: 'assistant', content: 'Wait' },
        { role: 'user', content: 'Well?' },
      ],
    ],
    [
      'outputs of calls that have the same id in each turn',
      [call('c'), output('c', 'first'), user('Again'), call('c'), output('c', 'second')],
      [
        calls(null, makeCall('c')),
        tool('c', 'first'),
        { role: 'user', content: 'Again' },
        calls(null, makeCall('c')),
        tool('c', 'second'),
      ],
    ],
    [
      'calls of custom tools, whose ids are their own',
      [call('1'), custom('1'), customOutput('1'), output('1')],
      [
        calls(null, makeCall('1'), { id: '1', type: 'custom', custom: { name: 'c', input: 'x' } }),
        tool('1', 'done'),
        tool('1'),
      ],
    ],
    [
      'texts of an output one below the other, and images of it as a message of the user behind all outputs',
      [
        call('1'),
        call('2'),
        output('1', [
          { type: 'input_text', text: 'A' },
          { type: 'input_image', image_url: 'data:,x' },
          { type: 'input_text', text: 'B' },
        ]),
        output('2', []),
      ],
      [
        calls(null, makeCall('1'), makeCall('2')),
        tool('1', 'A\nB'),
        tool('2', ''),
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Given by the tool call 1:' },
            { type: 'image_url', image_url: { url: 'data:,x' } },
          ],
        },
      ],
    ],
    ['nothing for thoughts and receipts', [thought, user('Hi'), receipt], [{ role: 'user', content: 'Hi' }]],
  ])('writes %s', (_what, items, messages) => {
    expect(makeMessages(items)).toEqual(messages);
  });

  it.each<[string, readonly JsonObject[], string]>([
    ['an output without its call', [output('c')], 'No tool call found for function call output with call_id c.'],
    [
      'a second output',
      [call('c'), output('c'), output('c')],
      'No tool call found for function call output with call_id c.',
    ],
    [
      'an output of another kind',
      [call('c'), customOutput('c')],
      'No tool call found for custom tool call output with call_id c.',
    ],
    ['a call without its output', [call('c'), user('Well?')], 'No tool output found for function call c.'],
    ['the first such call', [call('a'), custom('b'), output('a')], 'No tool output found for custom tool call b.'],
  ])('refuses %s', (_what, items, message) => {
    expect(() => makeMessages(items)).toThrow(
      expect.objectContaining({ status: 400, param: 'input', code: null, message }),
    );
  });

  it('takes linear time', () => {
    const turn = [call('c'), output('c'), user('Hi'), makeAssistant(text('Ho'))];
    const items = Array.from({ length: 50_000 }, () => turn).flat();
    const start = performance.now();
    expect(makeMessages(items)).toHaveLength(150_001);
    // Takes about 0.2 s; in quadratic time it would be minutes.
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});
