import { describe, expect, it } from '@jest/globals';
import { toJsonValue } from './json-value.js';

class Reply {
  constructor(
    readonly text: string,
    readonly at: Date,
  ) {}
}

describe('toJsonValue', () => {
  it('makes plain data of objects of any class', () => {
    const value = toJsonValue({ replies: [new Reply('Hi', new Date(0))], left: undefined }, 1_000);
    expect(value).toStrictEqual({ replies: [{ text: 'Hi', at: '1970-01-01T00:00:00.000Z' }] });
  });

  it('describes what JSON cannot hold, and never throws', () => {
    const circle: unknown[] = [10n];
    circle.push(circle);
    expect(toJsonValue(circle, 1_000)).toEqual(['10', '<circular>']);
    expect(toJsonValue(() => 1, 1_000)).toBeUndefined();
  });

  it('holds no more than its limit allows', () => {
    expect(JSON.stringify(toJsonValue(['x'.repeat(5_000)], 100)).length).toBeLessThan(250);
  });
});
