import { expect, it } from '@jest/globals';
import type { Delta } from '../../../streaming/index.js';
import type { ModelResult } from '../../chat-model.js';
import { FilteredAnswer } from './answer-filter.js';
import { JsonText } from './json-text.js';

async function* answer(batches: readonly (readonly string[])[]): AsyncGenerator<readonly Delta[], ModelResult, void> {
  for (const texts of batches) yield texts.map((text) => ({ type: 'content', text }));
  return { finishReason: 'stop' };
}

it('passes on the rest of a batch in which a filter is done', async () => {
  const batches = [
    ['{"a":"b', 'c', 'd'],
    ['e"', '}'],
  ];
  const filter = new JsonText({ isArray: false, isTrusting: true });
  const texts: string[] = [];
  const filtered = new FilteredAnswer(answer(batches), [filter]);
  for (let next = await filtered.next(); next.done !== true; next = await filtered.next()) {
    for (const delta of next.value) texts.push('text' in delta ? delta.text : '');
  }
  expect(texts).toEqual(['{"a":"b', 'c', 'd', 'e"', '}']);
});
