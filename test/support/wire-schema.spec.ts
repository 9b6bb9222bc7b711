import { describe, expect, it } from '@jest/globals';
import {
  assertValidChunk,
  assertValidCompletion,
  assertValidError,
  assertValidModel,
  assertValidModelList,
} from './wire-schema.js';

const top = { id: 'chatcmpl-1', created: 1_790_000_000, model: 'm' };
const chunk = {
  ...top,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content: 'a' }, logprobs: null, finish_reason: null }],
};
const completion = {
  ...top,
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'a', refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
};
const error = { error: { message: 'Too many', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' } };
const model = { id: 'chat', object: 'model', created: 1, owned_by: 'millrace' };

describe('the schema of the wire', () => {
  it('accepts what is valid', () => {
    expect(() => {
      assertValidChunk(chunk);
      assertValidChunk({ ...chunk, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } });
      assertValidCompletion(completion);
      assertValidError(error);
      assertValidModel(model);
      assertValidModelList({ object: 'list', data: [model] });
    }).not.toThrow();
  });

  it.each([
    ['a chunk without id', assertValidChunk, { ...chunk, id: undefined }, "must have required property 'id'"],
    ['a chunk with created in fractions', assertValidChunk, { ...chunk, created: 1.5 }, '/created must be integer'],
    [
      'a chunk without the key finish_reason',
      assertValidChunk,
      { ...chunk, choices: [{ index: 0, delta: {} }] },
      "/choices/0 must have required property 'finish_reason'",
    ],
    [
      'a chunk whose content is an object',
      assertValidChunk,
      { ...chunk, choices: [{ index: 0, delta: { content: {} }, finish_reason: null }] },
      '/choices/0/delta/content must be string',
    ],
    ['a completion sent as a chunk', assertValidCompletion, chunk, '/object must be equal'],
    ['an error with a number as code', assertValidError, { error: { ...error.error, code: 429 } }, '/error/code'],
    ['an error without words', assertValidError, { error: { ...error.error, message: '' } }, 'empty'],
    [
      "Nest's own error body",
      assertValidError,
      { statusCode: 400, message: 'x', error: 'Bad Request' },
      '/error must be object',
    ],
    ['a model without owner', assertValidModel, { ...model, owned_by: undefined }, 'owned_by'],
    ['a model that is a string', assertValidModel, 'chat', 'must be object'],
    ['a list that is an array', assertValidModelList, [model], 'must be object'],
  ])('refuses %s', (_, check: (json: unknown) => void, json: unknown, fault) => {
    expect(() => check(structuredClone(json))).toThrow(fault);
  });
});
