import { describe, expect, it } from '@jest/globals';
import { planAnswer, type AnswerPlan } from './answer-plan.js';
import type { Answer } from './answer.js';
import { Tokenizer } from './tokenizer.js';

async function plan(answer: Answer | string, parameters: Record<string, unknown> = {}): Promise<AnswerPlan> {
  return planAnswer(
    typeof answer === 'string' ? { type: 'text', text: answer } : answer,
    parameters,
    await Tokenizer.load(),
  );
}

const textOf = ({ steps }: AnswerPlan): string =>
  steps.map(({ delta }) => (delta.type === 'tool-call' ? delta.arguments : 'text' in delta ? delta.text : '')).join('');

describe('planAnswer', () => {
  it('gives a text token by token', async () => {
    const whole = await plan('one two three');
    expect(whole.steps.map(({ delta }) => delta)).toEqual([
      { type: 'content', text: 'one' },
      { type: 'content', text: ' two' },
      { type: 'content', text: ' three' },
    ]);
    expect(whole).toMatchObject({ completionTokens: 3, finishReason: 'stop' });
  });

  it.each(['max_completion_tokens', 'max_tokens'])('stops at %s', async (name) => {
    const cut = await plan('one two three', { [name]: 2 });
    expect(textOf(cut)).toBe('one two');
    expect(cut).toMatchObject({ completionTokens: 2, finishReason: 'length' });
  });

  it('prefers max_completion_tokens', async () => {
    expect(textOf(await plan('one two three', { max_completion_tokens: 1, max_tokens: 2 }))).toBe('one');
  });

  it('ends by itself if the limit is just enough, and without one', async () => {
    expect(await plan('one two three', { max_tokens: 3 })).toMatchObject({ completionTokens: 3, finishReason: 'stop' });
    expect(await plan('one two three', { max_tokens: null })).toMatchObject({ finishReason: 'stop' });
  });

  it('sends no half character at the limit, but counts its tokens', async () => {
    expect(await plan('🦖', { max_completion_tokens: 2 })).toEqual({
      steps: [],
      completionTokens: 2,
      finishReason: 'length',
    });
  });

  it.each<[unknown, string]>([
    ['three', 'one two '],
    [['four', ' two'], 'one'],
    // Spans two tokens, and begins and ends within them.
    ['wo thr', 'one t'],
    ['one', ''],
    ['', 'one two three'],
    [[], 'one two three'],
    [null, 'one two three'],
  ])('ends before the stop %p', async (stop, text) => {
    const stopped = await plan('one two three', { stop });
    expect(textOf(stopped)).toBe(text);
    expect(stopped.finishReason).toBe('stop');
    expect(stopped.steps.every(({ delta }) => delta.type === 'content' && delta.text !== '')).toBe(true);
  });

  it('lets the limit win over a stop that it does not reach', async () => {
    const cut = await plan('one two three', { stop: 'two three', max_tokens: 2 });
    expect(textOf(cut)).toBe('one two');
    expect(cut.finishReason).toBe('length');
    expect(await plan('one two three', { stop: 'two', max_tokens: 2 })).toMatchObject({ finishReason: 'stop' });
  });

  describe('of tool calls', () => {
    const calls: Answer = {
      type: 'tool-calls',
      calls: [
        { id: 'call_demo_1', kind: 'function', name: 'get_weather', input: '{"city":"Paris"}' },
        { id: 'call_demo_2', kind: 'custom', name: 'note', input: 'two words' },
      ],
    };

    it('names each call once, in its first piece', async () => {
      const { steps, finishReason, completionTokens } = await plan(calls);
      const deltas = steps.map(({ delta }) => delta);
      expect(deltas[0]).toEqual({ type: 'tool-call', index: 0, id: 'call_demo_1', name: 'get_weather', arguments: '' });
      expect(deltas.filter((delta) => 'id' in delta)).toHaveLength(2);
      const inputs = ['', ''];
      for (const delta of deltas) if (delta.type === 'tool-call') inputs[delta.index] += delta.arguments;
      expect(inputs).toEqual(['{"city":"Paris"}', 'two words']);
      expect(deltas.filter((delta) => 'kind' in delta)).toEqual([
        { type: 'tool-call', index: 1, kind: 'custom', id: 'call_demo_2', name: 'note', arguments: '' },
        { type: 'tool-call', index: 1, kind: 'custom', arguments: 'two' },
        { type: 'tool-call', index: 1, kind: 'custom', arguments: ' words' },
      ]);
      expect(finishReason).toBe('tool_calls');
      expect(completionTokens).toBe(steps.reduce((sum, { tokens }) => sum + tokens, 0));
    });

    it('cuts them at the limit too, and does not look for stops in them', async () => {
      expect(await plan(calls, { max_tokens: 3 })).toMatchObject({ finishReason: 'length', completionTokens: 3 });
      expect(await plan(calls, { stop: 'Paris' })).toEqual(await plan(calls));
    });
  });
});
