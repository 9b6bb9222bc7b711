import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

import type { Message } from './message.js';
import { DeltaCollector, type Delta } from '../streaming/index.js';
import { estimatePromptTokens, estimateUnreportedTokens } from './token-estimate.js';

const NONE: readonly Message[] = [];

function estimate(messages: readonly Message[], parameters = {}, output: readonly Delta[] = []) {
  const call = { model: 'm', messages, parameters };
  const collector = new DeltaCollector();
  for (const delta of output) collector.add(delta);
  const prompt = estimatePromptTokens(call);
  const total = estimateUnreportedTokens(call, collector, { outcome: 'stop', hasOutput: true, usage: undefined });
  return { prompt, completion: total - prompt };
}

const ofText = (text: string): number => estimate(NONE, {}, [{ type: 'content', text }]).completion;
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** The same numbers at each run. */
const hex = (length: number): string => {
  let state = 1;
  return Array.from({ length }, () => ((state = (state * 48_271) % 2_147_483_647) % 16).toString(16)).join('');
};

describe('estimateUnreportedTokens', () => {
  it.each<[string, string, number]>([
    ['English prose with markup', read('docs/access.md'), 0.15],
    ['code', read('src/engine/execution.ts'), 0.15],
    ['JSON', read('openapi.json').slice(0, 30_000), 0.15],
    [
      'German',
      'Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung. '.repeat(20),
      0.25,
    ],
    ['Russian', 'Все люди рождаются свободными и равными в своем достоинстве и правах. '.repeat(20), 0.25],
    ['Chinese', '人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。'.repeat(20), 0.25],
    ['Japanese', 'すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。'.repeat(20), 0.25],
    ['numbers', Array.from({ length: 500 }, (_, i) => i * 7_919).join(' '), 0.35],
    ['random digits of a hash', hex(4_000), 0.35],
    ['emoji', '😀🎉🚀❤️🇩🇪 '.repeat(100), 0.35],
    ['one letter', 'a'.repeat(5_000), 0.35],
  ])('is close to the count of a tokenizer: %s', (_, text, tolerance) => {
    const counted = countTokens(text);
    expect(Math.abs(ofText(text) / counted - 1)).toBeLessThan(tolerance);
  });

  it('counts everything that is sent and said', () => {
    const word = 'word '.repeat(100);
    const prompt = estimate(
      [
        { role: 'system', content: word },
        { role: 'user', content: [{ type: 'text', text: word }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: word } }],
        },
        { role: 'tool', tool_call_id: 'c', content: word },
      ],
      {
        tools: [{ type: 'function', function: { name: 'f', description: word } }],
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { description: word } } },
        temperature: 1,
      },
    ).prompt;
    expect(prompt).toBeGreaterThan(600);
    expect(prompt).toBeLessThan(720);
    const { completion } = estimate(NONE, {}, [
      { type: 'content', text: word },
      { type: 'reasoning', text: word },
      { type: 'refusal', text: word },
      { type: 'tool-call', index: 0, name: 'f', arguments: word },
    ]);
    expect(completion).toBeGreaterThan(400);
    expect(completion).toBeLessThan(430);
  });

  it('counts images, recordings and files by the piece', () => {
    const data = `data:image/png;base64,${'A'.repeat(1_000_000)}`;
    const { prompt } = estimate([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: data } },
          { type: 'text', text: 'What is it?' },
        ],
      },
    ]);
    expect(prompt).toBeGreaterThan(800);
    expect(prompt).toBeLessThan(850);
  });

  it('assumes that a long text is like its beginning, but never cheap', () => {
    const start = 'The quick brown fox. '.repeat(5_000);
    expect(Math.abs(ofText(start.repeat(20)) / (ofText(start) * 20) - 1)).toBeLessThan(0.01);
    expect(ofText(' '.repeat(200_000) + 'x'.repeat(1_000_000))).toBeGreaterThan(200_000);
  });

  it('reads values of any depth', () => {
    let deep: unknown = 'word';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(estimate(NONE, { tools: deep }).prompt).toBe(1);
  });
});
