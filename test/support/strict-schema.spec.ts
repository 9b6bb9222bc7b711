import { describe, expect, it } from '@jest/globals';
import { findBrokenRules, type SchemaNode } from './strict-schema.js';

describe('findBrokenRules', () => {
  it.each<[string, SchemaNode]>([
    ['a root that is not an object', { type: 'array', items: { type: 'string' } }],
    ['other properties', { type: 'object', properties: {}, required: [] }],
    [
      'a property that is not required',
      { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false },
    ],
    [
      'a foreign keyword',
      {
        type: 'object',
        properties: { a: { type: 'string', minLength: 1 } },
        required: ['a'],
        additionalProperties: false,
      },
    ],
    [
      'a reference with company',
      {
        type: 'object',
        properties: { a: { $ref: '#', description: 'x' } },
        required: ['a'],
        additionalProperties: false,
      },
    ],
  ])('finds %s', (_, schema) => {
    expect(findBrokenRules(schema)).not.toEqual([]);
  });
});
