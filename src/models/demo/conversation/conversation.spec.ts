import { describe, expect, it } from '@jest/globals';
import { readConversation } from './conversation.js';

describe('readConversation', () => {
  it('finds the newest message of the user, and what came before it', () => {
    const conversation = readConversation([
      { role: 'system', content: 'S' },
      { role: 'user', content: ' one ' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
      { role: 'developer', content: 'D' },
      { role: 'user', content: 'two' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
    ]);
    expect(conversation.instructions).toBe('S\nD');
    expect(conversation.message.text).toBe('two');
    expect(conversation.earlier.map(({ text }) => text)).toEqual(['one', 'no']);
    expect(conversation.turns.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'tool']);
    expect(conversation.turns[3]?.calls).toEqual(new Map([['a', 'f']]));
    expect(conversation.turns[4]).toMatchObject({ callId: 'a', text: 'done' });
  });

  it('reads the beginning of a very long message, and knows its length', () => {
    const long = 'x'.repeat(1_000_000);
    const { message } = readConversation([
      {
        role: 'user',
        content: [
          { type: 'text', text: long },
          { type: 'text', text: long },
        ],
      },
    ]);
    expect(message.text.length).toBeLessThan(10_000);
    expect(message.length).toBe(2_000_000);
  });

  it('has an empty message if the user has said nothing', () => {
    expect(readConversation([]).message).toMatchObject({ role: 'user', text: '' });
    expect(readConversation([{ role: 'assistant', content: 'Hi' }]).earlier).toEqual([]);
  });

  it('reads the deprecated function role as a tool', () => {
    expect(readConversation([{ role: 'function', name: 'f', content: 'x' }]).turns[0]).toMatchObject({
      role: 'tool',
      toolName: 'f',
      text: 'x',
    });
  });
});
