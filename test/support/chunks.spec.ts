import { describe, expect, it } from '@jest/globals';
import {
  assertCompletion,
  assertErrorEnded,
  readContent,
  findFinishReason,
  readReasoning,
  readRefusal,
  readToolCalls,
  findUsage,
} from './chunks.js';
import type { SseItem } from './sse-frames.js';

type Json = Record<string, unknown>;

const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
const failure = { error: { message: 'boom', type: 'server_error', param: null, code: null } };
const DONE = '[DONE]';

function chunk(delta: Json, finishReason: string | null = null, more: Json = {}): Json {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more };
}

function stream(...data: readonly (Json | string)[]): SseItem[] {
  return data.map((one) =>
    one === DONE
      ? { kind: 'data', data: DONE, json: undefined, at: 0 }
      : typeof one === 'string'
        ? { kind: 'comment', text: one, at: 0 }
        : { kind: 'data', data: JSON.stringify(one), json: one, at: 0 },
  );
}

const first = chunk({ role: 'assistant', content: '' });
const last = chunk({}, 'stop');

describe('what a stream says', () => {
  it('is put together from its chunks', () => {
    const items = stream(
      first,
      chunk({ reasoning_content: 'hm' }),
      'keep-alive',
      chunk({ reasoning: 'm' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({ refusal: 'no' }),
      last,
      chunk({}, null, { choices: [], usage }),
      DONE,
    );
    expect([readContent(items), readReasoning(items), readRefusal(items)]).toEqual(['Hello', 'hmm', 'no']);
    expect([findFinishReason(items), findUsage(items)]).toEqual(['stop', usage]);
  });

  it('can be tool calls', () => {
    const begin = (index: number, id: string): Json => ({
      tool_calls: [{ index, id, type: 'function', function: { name: `f${index}`, arguments: '' } }],
    });
    const more = (index: number, text: string): Json => ({ tool_calls: [{ index, function: { arguments: text } }] });
    const pieces = [begin(0, 'a'), more(0, '{"x"'), begin(1, 'b'), more(1, '{}'), more(0, ':1}')];
    expect(readToolCalls(stream(...pieces.map((piece) => chunk(piece))))).toEqual([
      { id: 'a', type: 'function', name: 'f0', arguments: '{"x":1}' },
      { id: 'b', type: 'function', name: 'f1', arguments: '{}' },
    ]);
    expect(() => readToolCalls(stream(chunk(more(0, '{}'))))).toThrow('begins with its id');
    expect(() => readToolCalls(stream(chunk(begin(0, 'a')), chunk(begin(0, 'a'))))).toThrow('sent once');
  });
});

describe('assertCompletion', () => {
  it('accepts a completion, with usage if it was asked for', () => {
    const content = chunk({ content: 'Hi' });
    const chunks = assertCompletion(stream('keep-alive', first, content, last, DONE), {
      content: 'Hi',
      reasoning: '',
      refusal: '',
      finish: 'stop',
      model: 'm',
    });
    expect(chunks).toHaveLength(3);
    const nulls = [first, content, last].map((one) => ({ ...one, usage: null }));
    expect(() =>
      assertCompletion(stream(...nulls, chunk({}, null, { choices: [], usage }), DONE), { includeUsage: true, usage }),
    ).not.toThrow();
  });

  it.each<[string, SseItem[], string]>([
    ['no [DONE]', stream(first, last), 'one [DONE]'],
    ['two [DONE]', stream(first, last, DONE, DONE), 'one [DONE]'],
    ['an error', stream(first, failure, last, DONE), 'no error'],
    ['no chunks', stream(DONE), 'has chunks'],
    ['no role', stream(chunk({ content: 'a' }), last, DONE), 'role is on the first'],
    ['a second role', stream(first, first, last, DONE), 'role is on the first'],
    ['no finish reason', stream(first, DONE), 'one finish reason'],
    ['two finish reasons', stream(first, last, last, DONE), 'one finish reason'],
    ['text after the finish reason', stream(first, last, chunk({ content: 'a' }), DONE), 'last chunk with choices'],
    ['another id', stream(first, { ...last, id: 'x' }, DONE), 'same id'],
    ['another time', stream(first, { ...last, created: 2 }, DONE), 'same created'],
    ['another model', stream(first, { ...last, model: 'x' }, DONE), 'same model'],
    ['content null', stream(chunk({ role: 'assistant', content: null }), last, DONE), 'content is a string'],
    [
      'reasoning and text in one chunk',
      stream(first, chunk({ content: 'a', reasoning_content: 'b' }), last, DONE),
      'separate chunks',
    ],
    [
      'two different reasonings in one chunk',
      stream(first, chunk({ reasoning: 'a', reasoning_content: 'b' }), last, DONE),
      'hold the same',
    ],
    [
      'usage that nobody asked for',
      stream(first, last, chunk({}, null, { choices: [], usage }), DONE),
      'no chunk has usage',
    ],
    ['usage: null that nobody asked for', stream(first, { ...last, usage: null }, DONE), 'no chunk has usage'],
    ['an empty chunk', stream(first, last, chunk({}, null, { choices: [] }), DONE), 'without choices'],
    ['a chunk that is not valid', stream(first, { ...last, object: 'x' }, DONE), 'Not a valid'],
  ])('refuses %s', (_, items, fault) => {
    expect(() => assertCompletion(items)).toThrow(fault);
  });

  it.each<[string, SseItem[], string]>([
    ['no usage', stream({ ...first, usage: null }, { ...last, usage: null }, DONE), 'last chunk has the usage'],
    ['usage with the finish reason', stream({ ...first, usage: null }, { ...last, usage }, DONE), 'no choices'],
    [
      'chunks without the key',
      stream(first, last, chunk({}, null, { choices: [], usage }), DONE),
      'null in every other',
    ],
  ])('refuses %s where usage was asked for', (_, items, fault) => {
    expect(() => assertCompletion(items, { includeUsage: true })).toThrow(fault);
  });

  it('compares with what was expected', () => {
    expect(() => assertCompletion(stream(first, last, DONE), { content: 'Hi' })).toThrow('content differs');
    expect(() => assertCompletion(stream(first, last, DONE), { finish: 'length' })).toThrow('finish_reason differs');
  });
});

describe('assertErrorEnded', () => {
  it('gives the error of a failed stream, also of one that failed before its first chunk', () => {
    expect(assertErrorEnded(stream(first, chunk({ content: 'a' }), failure, DONE))).toEqual(failure.error);
    expect(assertErrorEnded(stream('keep-alive', failure, DONE))).toEqual(failure.error);
  });

  it.each<[string, SseItem[], string]>([
    ['no error', stream(first, last, DONE), 'one error'],
    ['two errors', stream(first, failure, failure, DONE), 'one error'],
    ['no [DONE]', stream(first, failure), 'one [DONE]'],
    ['text after the error', stream(failure, first, DONE), 'last frame before [DONE]'],
    ['a finish reason', stream(first, last, failure, DONE), 'no finish reason'],
    ['usage', stream(first, chunk({}, null, { choices: [], usage }), failure, DONE), 'no usage'],
    [
      'a key missing from the error',
      stream({ error: { message: 'boom', type: 'x' } }, DONE),
      'Not a valid ErrorResponse',
    ],
    ['more than the error in its frame', stream({ ...failure, status: 500 }, DONE), 'only the error'],
  ])('refuses %s', (_, items, fault) => {
    expect(() => assertErrorEnded(items)).toThrow(fault);
  });
});
