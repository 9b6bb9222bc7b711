import { expect, it } from '@jest/globals';
import type { Delta } from '../../../streaming/index.js';
import { JsonTextFilter } from './json-text.js';
import { OutputFilters } from './output-filter.js';

it('passes on the rest of a batch in which a filter is done', () => {
  const filters = new OutputFilters([new JsonTextFilter({ isArray: false, isTrusting: true })]);
  const batches = [
    ['{"a":"b', 'c', 'd'],
    ['e"', '}'],
  ].map((texts) => texts.map((text): Delta => ({ type: 'content', text })));
  expect(batches.map((batch) => filters.read(batch))).toEqual(batches);
});
