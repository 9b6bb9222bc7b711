import { describe, expect, it } from '@jest/globals';
import { isDelta } from './is-delta.js';

describe('isDelta', () => {
  it.each([
    { type: 'content', text: '' },
    { type: 'reasoning', text: 'Hm' },
    { type: 'refusal', text: 'No', logprobs: [] },
    { type: 'content', text: 'a', logprobs: undefined },
    { type: 'tool-call', index: 0, arguments: '' },
    { type: 'tool-call', index: 65_535, id: 'call', name: 'look', kind: 'custom', arguments: '{' },
    { type: 'mcp', step: 'listing', server: 'docs' },
    { type: 'mcp', step: 'listed', server: 'docs', tools: [{ name: 'search' }] },
    { type: 'mcp', step: 'calling', server: 'docs', call: 'call', name: 'search', arguments: '{}' },
    { type: 'mcp', step: 'asking', server: 'docs', call: 'call', name: 'search', arguments: '{}' },
    { type: 'mcp', step: 'called', server: 'docs', call: 'call', error: { by: 'server', message: 'gone' } },
  ])('accepts %j', (value) => {
    expect(isDelta(value)).toBe(true);
  });

  it.each([
    'text',
    undefined,
    null,
    7n,
    [],
    {},
    { text: 'a' },
    { type: 'text', text: 'a' },
    { type: 'content' },
    { type: 'content', text: null },
    { type: 'reasoning', text: 1 },
    { type: 'content', text: 'a', logprobs: 'b' },
    { type: 'content', text: 'a', logprobs: null },
    { type: 'tool-call', index: 0 },
    { type: 'tool-call', index: -1, arguments: '' },
    { type: 'tool-call', index: 0.5, arguments: '' },
    { type: 'tool-call', index: '0', arguments: '' },
    { type: 'tool-call', index: 65_536, arguments: '' },
    { type: 'tool-call', index: Number.NaN, arguments: '' },
    { type: 'tool-call', index: 0, arguments: {} },
    { type: 'tool-call', index: 0, arguments: '', id: 1 },
    { type: 'tool-call', index: 0, arguments: '', name: null },
    { type: 'tool-call', index: 0, arguments: '', kind: 'function' },
    { type: 'mcp', step: 'listing' },
    { type: 'mcp', step: 'listed', server: 'docs' },
    { type: 'mcp', step: 'calling', server: 'docs', call: 'call', name: 'search' },
    { type: 'mcp', step: 'called', server: 'docs', call: 'call', error: 'gone' },
    { type: 'mcp', step: 'thinking', server: 'docs' },
  ])('refuses %p', (value) => {
    expect(isDelta(value)).toBe(false);
  });
});
