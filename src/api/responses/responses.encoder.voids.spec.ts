import { describe, expect, it } from '@jest/globals';
import {
  call,
  content,
  nodeDone,
  finished,
  outline,
  tell,
  think,
  type TimedEvent,
} from '../../../test/support/response-folds.js';
import { readOutputText } from '../../../test/support/response-rules.js';

const resumed: TimedEvent = { type: 'run-resumed', epoch: 2 };
const restarted = (node: string, from: number, to: number): TimedEvent => ({ type: 'node-restarted', node, from, to });

describe('a ResponseEncoder of a run that continues after its process has ended', () => {
  it('closes an unfinished item without content, and sends its text again in another item', () => {
    const told = tell([
      content('a', 'whole'),
      nodeDone('a'),
      content('b', 'Hal'),
      resumed,
      restarted('b', 4, 4),
      content('b', '\n\nHello'),
      nodeDone('b'),
      finished,
    ]);
    expect(outline(told)).toEqual(['message completed: whole', 'message incomplete: ', 'message completed: \n\nHello']);
    expect(told.response.status).toBe('completed');
    expect(readOutputText(told.response)).toBe('whole\n\nHello');
    const ends = told.events.filter(({ type }) => type === 'response.output_item.done');
    expect(ends[1]).toMatchObject({ output_index: 1, item: { status: 'incomplete', content: [] } });
  });

  it('takes back thoughts and calls that have ended, and lets calls come again under their numbers', () => {
    const told = tell([
      think('a', 'Hm'),
      call('a', 0, '{"x":1}', { id: 'call_1', name: 'f' }),
      call('a', 1, '{', { name: 'g' }),
      resumed,
      restarted('a', 1, 3),
      call('a', 0, '{"x":2}', { id: 'call_2', name: 'f' }),
      call('a', 1, '{}', { name: 'g' }),
      nodeDone('a'),
      { type: 'run-finished', finishReason: 'tool_calls' },
    ]);
    expect(outline(told)).toEqual([
      'reasoning incomplete: ',
      'call incomplete: f()',
      'call incomplete: g()',
      'call completed: f({"x":2})',
      'call completed: g({})',
    ]);
    const ids = told.response.output.flatMap((item) => (item.type === 'function_call' ? item.call_id : []));
    expect(new Set(ids).size).toBe(4);
  });

  it('counts the places of citations without what is void', () => {
    const cite = (start: number, end: number): TimedEvent => ({
      type: 'delta',
      node: 'b',
      delta: {
        type: 'annotations',
        annotations: [
          {
            type: 'url_citation',
            url_citation: { url: 'https://a.example', title: 'A', start_index: start, end_index: end },
          },
        ],
      },
    });
    const told = tell([
      content('a', 'whole'),
      nodeDone('a'),
      content('b', 'Hal'),
      resumed,
      restarted('b', 3, 3),
      content('b', 'Hello'),
      cite(6, 8),
      nodeDone('b'),
      finished,
    ]);
    expect(told.response.output[2]).toMatchObject({ content: [{ annotations: [{ start_index: 1, end_index: 3 }] }] });
  });
});
