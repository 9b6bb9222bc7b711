import { describe, expect, it } from '@jest/globals';
import type { RunEvent } from '../../../engine/index.js';
import type { UnnumberedEvent } from '../../../engine/run-event.js';
import type { LoggedEvent } from '../../../runs/index.js';
import { SegmentEvents } from './segment-events.js';

const usage = (total_tokens: number) => ({ prompt_tokens: 1, completion_tokens: total_tokens - 1, total_tokens });
const say = (text: string): UnnumberedEvent => ({ type: 'delta', node: 'b', delta: { type: 'content', text } });
const call = (index: number, args: string): UnnumberedEvent => ({
  type: 'delta',
  node: 'b',
  delta: { type: 'tool-call', index, arguments: args },
});
const cite = (start_index: number): UnnumberedEvent => ({
  type: 'delta',
  node: 'b',
  delta: { type: 'annotations', annotations: [{ type: 'url_citation', url_citation: { start_index } }] },
});
const WAITING: UnnumberedEvent = { type: 'run-waiting', waits: [], contentLength: 10, usage: usage(10) };

/** What the second segment of a run has, which begins after the wait. */
function read(before: UnnumberedEvent, ...events: readonly UnnumberedEvent[]): readonly object[] {
  const segment = new SegmentEvents({ from: 6, separator: '\n\n' });
  return [before, ...events].flatMap((event, index) => {
    const logged: LoggedEvent = { ...(event as RunEvent), seq: index, at: index };
    const told = segment.take(logged, 5 + index);
    if (told === undefined) return [];
    const { seq: _seq, at: _at, ...rest } = told;
    return [rest];
  });
}

describe('SegmentEvents', () => {
  it('begin with what follows the wait, and set off only what follows in the segment', () => {
    expect(read(WAITING, say('\n\nMore.'), say('\n\nAnd more.'))).toEqual([say('More.'), say('\n\nAnd more.')]);
    expect(read({ ...WAITING, contentLength: 0 }, say('\n\nMore.'))).toEqual([say('\n\nMore.')]);
  });

  it('count calls and places of sources from their own beginning', () => {
    expect(read(WAITING, call(3, '{'), call(3, '}'), call(4, '{}'))).toEqual([
      call(0, '{'),
      call(0, '}'),
      call(1, '{}'),
    ]);
    expect(read(WAITING, cite(15))).toEqual([cite(3)]);
  });

  it('have the usage of the segment, and the finish reasons of its own steps', () => {
    const finished: UnnumberedEvent = { type: 'run-finished', finishReason: 'length', usage: usage(25) };
    const done: UnnumberedEvent = {
      type: 'node-finished',
      node: 'b',
      visible: true,
      elapsedMs: 1,
      finishReason: 'stop',
    };
    const own = { prompt_tokens: 0, completion_tokens: 15, total_tokens: 15 };
    expect(read(WAITING, done, finished)).toEqual([done, { type: 'run-finished', finishReason: 'stop', usage: own }]);
    expect(read(WAITING, finished)).toEqual([{ ...finished, usage: own }]);
    expect(read(WAITING, { ...finished, usage: usage(10) })).toEqual([
      { type: 'run-finished', finishReason: 'length' },
    ]);
  });
});
