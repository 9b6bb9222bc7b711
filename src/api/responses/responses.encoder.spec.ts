import { describe, expect, it } from '@jest/globals';
import {
  call,
  content,
  nodeDone,
  finished,
  fold,
  outline,
  refuse,
  say,
  tell,
  think,
  type TimedEvent,
} from '../../../test/support/response-folds.js';
import { CREATED_AT } from '../../../test/support/response-head.js';
import { readOutputText } from '../../../test/support/response-rules.js';

describe('ResponseEncoder', () => {
  it('sends the events of a text in the order on which clients rely', () => {
    const told = tell([content('chat', 'Hel'), content('chat', 'lo'), nodeDone('chat'), finished]);
    expect(told.events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(told.response).toMatchObject({ status: 'completed', completed_at: CREATED_AT / 1_000, error: null });
    expect(readOutputText(told.response)).toBe('Hello');
    expect(told.response.output[0]?.id).toMatch(/^msg_[0-9a-f]{48}$/);
  });

  it('has an item for each visible step, with what sets it off as the run gave it', () => {
    const told = tell([
      content('draft', 'One'),
      nodeDone('draft'),
      content('reply', '\n\nTwo'),
      nodeDone('reply'),
      nodeDone('empty'),
      finished,
    ]);
    expect(outline(told)).toEqual(['message completed: One', 'message completed: \n\nTwo']);
    expect(new Set(told.response.output.map(({ id }) => id)).size).toBe(2);
    expect(told.response.output.every((item) => !('millrace' in item) && !('phase' in item))).toBe(true);
  });

  it('closes a message when its step is done, before the next one begins', () => {
    const events = fold([content('draft', 'One'), nodeDone('draft')]);
    expect(events.at(-1)?.type).toBe('response.output_item.done');
  });

  it('keeps the item of a step open that finished before its turn', () => {
    const told = tell([
      content('a', '1'),
      nodeDone('b'),
      nodeDone('a'),
      content('b', '2'),
      content('b', '3'),
      finished,
    ]);
    expect(outline(told)).toEqual(['message completed: 1', 'message completed: 23']);
  });

  it('never opens an item again: reasoning, text, reasoning and text are four', () => {
    const told = tell([
      think('a', 'hm'),
      content('a', 'A'),
      think('a', 'so'),
      content('a', 'B'),
      nodeDone('a'),
      finished,
    ]);
    expect(outline(told)).toEqual([
      'reasoning completed: hm',
      'message completed: A',
      'reasoning completed: so',
      'message completed: B',
    ]);
    expect(told.reasoning).toBe('hmso');
  });

  it('puts a refusal into the message of its step, as a part of its own', () => {
    const told = tell([content('a', 'Well, '), refuse('a', 'no'), refuse('a', '!'), nodeDone('a'), finished]);
    expect(outline(told)).toEqual(['message completed: Well, |!no!']);
    expect(outline(tell([refuse('a', 'No.'), finished]))).toEqual(['message completed: !No.']);
  });

  describe('tool calls', () => {
    it('are an item each, also where their pieces come in turns', () => {
      const told = tell([
        content('a', 'Let me see.'),
        call('a', 0, '{"x"', { id: 'call_a', name: 'f' }),
        call('a', 1, '{"y"', { id: 'call_b', name: 'g' }),
        call('a', 0, ':1}'),
        call('a', 1, ':2}'),
        nodeDone('a', 'tool_calls'),
        { ...finished, finishReason: 'tool_calls' },
      ]);
      expect(outline(told)).toEqual([
        'message completed: Let me see.',
        'call completed: f({"x":1})',
        'call completed: g({"y":2})',
      ]);
      expect(told.response.status).toBe('completed');
      expect(told.response.output.slice(1)).toMatchObject([{ call_id: 'call_a' }, { call_id: 'call_b' }]);
      expect(told.response.output[1]?.id).toMatch(/^fc_[0-9a-f]{48}$/);
    });

    it('have an object for arguments even where the model gave none', () => {
      const told = tell([call('a', 0, '', { id: 'call_a', name: 'f' }), nodeDone('a', 'tool_calls'), finished]);
      expect(outline(told)).toEqual(['call completed: f({})']);
      expect(told.events.map(({ type }) => type).slice(3, 5)).toEqual([
        'response.function_call_arguments.delta',
        'response.function_call_arguments.done',
      ]);
    });

    it('of custom tools have an input', () => {
      const told = tell([
        call('a', 0, 'select', { id: 'call_a', name: 'sql', kind: 'custom' }),
        call('a', 0, ' 1', { kind: 'custom' }),
        finished,
      ]);
      expect(outline(told)).toEqual(['custom completed: sql(select 1)']);
      expect(told.response.output[0]?.id).toMatch(/^ctc_/);
    });

    it('wait for their name', () => {
      const told = tell([call('a', 0, '{"x"', { id: 'call_a' }), call('a', 0, ':1}', { name: 'f' }), finished]);
      expect(outline(told)).toEqual(['call completed: f({"x":1})']);
      expect(outline(tell([call('a', 0, '{}', { id: 'call_a' }), nodeDone('a'), finished]))).toEqual([
        'call completed: ({})',
      ]);
    });

    it('have ids that clients take, however long the upstream made them', () => {
      const told = tell([call('a', 0, '{}', { id: 'x'.repeat(65), name: 'f' }), finished]);
      expect(told.response.output[0]).toMatchObject({ call_id: expect.stringMatching(/^call_[0-9a-f]{48}$/) });
    });

    it('are closed before text follows if they are complete, and lose nothing if they are not', () => {
      const whole = tell([call('a', 0, '{}', { id: 'call_a', name: 'f' }), content('a', 'Done.'), finished]);
      expect(outline(whole)).toEqual(['call completed: f({})', 'message completed: Done.']);
      const parted = tell([
        call('a', 0, '{"x"', { id: 'call_a', name: 'f' }),
        content('a', 'Hm.'),
        call('a', 0, ':1}'),
        finished,
      ]);
      expect(outline(parted)).toEqual(['call completed: f({"x":1})', 'message completed: Hm.']);
    });
  });

  it('moves citations into their text, in the form of this protocol and counted from its beginning', () => {
    const cite = (start_index: number, end_index: number, url = 'https://a.example/'): TimedEvent =>
      say('b', {
        type: 'annotations',
        annotations: [{ type: 'url_citation', url_citation: { url, title: 'A', start_index, end_index } }],
      });
    const told = tell([
      content('a', 'Hi 😀'),
      cite(6, 9),
      content('b', '\n\nTwo words'),
      cite(10, 15, 'https://b.example/'),
      say('b', { type: 'annotations', annotations: [{ type: 'unheard_of' }, { type: 'url_citation' }] }),
      finished,
    ]);
    const text = told.response.output[1];
    const annotations = [
      { type: 'url_citation', start_index: 2, end_index: 5, url: 'https://a.example/', title: 'A' },
      { type: 'url_citation', start_index: 6, end_index: 11, url: 'https://b.example/', title: 'A' },
    ];
    expect(text).toMatchObject({ content: [{ text: '\n\nTwo words' }] });
    const found = (text as { content: { annotations: unknown[] }[] }).content[0]?.annotations;
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining(annotations));
  });

  it('leaves images and sound out, of which clients know no form', () => {
    const told = tell([
      say('a', { type: 'images', images: [{ type: 'image_url', image_url: { url: 'data:,' } }] }),
      say('a', { type: 'audio', data: 'AAAA', transcript: 'Hi' }),
      finished,
    ]);
    expect(told.response.output).toEqual([]);
  });

  it('passes log probabilities on, with every field that clients need', () => {
    const logprobs = [{ token: 'H', logprob: -0.5, bytes: null, top_logprobs: [{ token: 'J', logprob: -2 }] }];
    const told = tell([say('a', { type: 'content', text: 'H', logprobs }), finished]);
    const given = {
      token: 'H',
      logprob: -0.5,
      bytes: [72],
      top_logprobs: [{ token: 'J', logprob: -2, bytes: [74] }],
    };
    expect(told.events).toContainEqual(
      expect.objectContaining({ type: 'response.output_text.delta', logprobs: [given] }),
    );
    expect(told.response.output).toMatchObject([{ content: [{ logprobs: [given] }] }]);
  });

  it('sums up the usage with all of its numbers, whether or not the upstreams reported them', () => {
    const usage = {
      prompt_tokens: 11,
      completion_tokens: 5,
      total_tokens: 16,
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 1 },
    };
    expect(tell([{ ...finished, usage }]).response.usage).toEqual({
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 16,
    });
    expect(tell([finished]).response.usage).toMatchObject({ total_tokens: 0 });
  });
});
