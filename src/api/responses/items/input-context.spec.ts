import { describe, expect, it } from '@jest/globals';
import { makeContext, makeContextItem } from './input-context.js';

const ids = { itemId: () => 'new' };

describe('makeContextItem', () => {
  it.each<[string, object, object]>([
    [
      'a message of a user',
      { role: 'user', content: 'Hi' },
      {
        id: 'msg_new',
        type: 'message',
        role: 'user',
        status: 'completed',
        content: [{ type: 'input_text', text: 'Hi' }],
      },
    ],
    [
      'a message with an id and parts of its own',
      {
        type: 'message',
        id: 'item_1',
        status: 'incomplete',
        role: 'system',
        content: [{ type: 'input_text', text: 'S', x: null }],
      },
      {
        id: 'item_1',
        type: 'message',
        role: 'system',
        status: 'incomplete',
        content: [{ type: 'input_text', text: 'S' }],
      },
    ],
    [
      'what a model said, with all that clients look for',
      {
        role: 'assistant',
        phase: 'final_answer',
        millrace: { node: 'reply' },
        status: 'strange',
        content: [
          { type: 'output_text', text: 'A', annotations: [{ type: 'x' }], logprobs: null },
          { type: 'input_text', text: 'B' },
          { type: 'refusal', refusal: 'R' },
        ],
      },
      {
        id: 'msg_new',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        phase: 'final_answer',
        content: [
          { type: 'output_text', text: 'A', annotations: [{ type: 'x' }], logprobs: [] },
          { type: 'output_text', text: 'B', annotations: [], logprobs: [] },
          { type: 'refusal', refusal: 'R' },
        ],
      },
    ],
    [
      'a phase that is none',
      { role: 'assistant', content: 'A', phase: null, id: null },
      {
        id: 'msg_new',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'A', annotations: [], logprobs: [] }],
      },
    ],
    [
      'a call',
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', namespace: null },
      { id: 'fc_new', type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', status: 'completed' },
    ],
    [
      'the output of a call',
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'A' }] },
      {
        id: 'fco_new',
        type: 'function_call_output',
        call_id: 'c',
        status: 'completed',
        output: [{ type: 'input_text', text: 'A' }],
      },
    ],
    [
      'a thought without anything in it',
      { type: 'reasoning', id: 5, content: null, encrypted_content: null },
      { id: 'rs_new', type: 'reasoning', summary: [], status: 'completed' },
    ],
    [
      'a receipt',
      { type: 'web_search_call', action: {} },
      { id: 'item_new', type: 'web_search_call', action: {}, status: 'completed' },
    ],
  ])('keeps %s', (_what, item, kept) => {
    expect(makeContextItem({ ...item }, ids)).toEqual(kept);
  });
});

describe('makeContext', () => {
  it('gives each item an id of its own, and the first of several the one that the client gave', () => {
    let made = 0;
    const say = (id: string | undefined, content: string) => ({
      role: 'user',
      content,
      ...(id !== undefined && { id }),
    });
    const earlier = [{ type: 'message', id: 'msg_0', role: 'user', content: [] }];
    const items = [say('mine', 'a'), say('mine', 'b'), say('msg_0', 'c'), say(undefined, 'd'), say('mine', 'e')];
    const context = makeContext(earlier, items, { itemId: () => String(++made) });
    expect(context.map(({ id }) => id)).toEqual(['msg_0', 'mine', 'msg_1', 'msg_2', 'msg_3', 'msg_4']);
  });
});
