import { describe, expect, it } from '@jest/globals';
import type { Message } from '../../protocol/index.js';
import { countPromptTokens } from './prompt-tokens.js';
import { Tokenizer } from './tokenizer.js';

async function count(messages: readonly Message[], tools?: unknown): Promise<number> {
  return countPromptTokens(messages, tools, await Tokenizer.load(), new AbortController().signal);
}

describe('countPromptTokens', () => {
  it('counts the example of OpenAI’s cookbook as the API does for gpt-4o', async () => {
    const messages: Message[] = [
      {
        role: 'system',
        content: 'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
      },
      { role: 'system', name: 'example_user', content: 'New synergies will help drive top-line growth.' },
      {
        role: 'system',
        name: 'example_assistant',
        content: 'Things working well together will increase revenue.',
      },
      {
        role: 'system',
        name: 'example_user',
        content: "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
      },
      {
        role: 'system',
        name: 'example_assistant',
        content: "Let's talk later when we're less busy about how to do better.",
      },
      {
        role: 'user',
        content: "This late pivot means we don't have time to boil the ocean for the client deliverable.",
      },
    ];
    expect(await count(messages)).toBe(124);
  });

  it('counts 3 tokens for each message and 3 for the answer to come', async () => {
    expect(await count([])).toBe(3);
    expect(await count([{ role: 'user', content: 'Hello' }])).toBe(3 + 3 + 1 + 1);
  });

  it('counts text parts, and nothing for images', async () => {
    const text = { type: 'text', text: 'Hello' } as const;
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } } as const;
    expect(await count([{ role: 'user', content: [text, image] }])).toBe(
      await count([{ role: 'user', content: 'Hello' }]),
    );
  });

  it('counts calls and tools', async () => {
    const call: Message = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } }],
    };
    expect(await count([call])).toBeGreaterThan(await count([{ role: 'assistant', content: null }]));
    expect(await count([], [{ type: 'function', function: { name: 'now' } }])).toBeGreaterThan(await count([]));
  });
});
