import { describe, expect, it } from '@jest/globals';
import type { McpStep } from '../../streaming/delta.js';
import {
  call,
  content,
  makeFailed,
  nodeDone,
  finished,
  outline,
  say,
  tell,
  think,
  type TimedEvent,
} from '../../../test/support/response-folds.js';
import { readOutputText } from '../../../test/support/response-rules.js';

const resumed: TimedEvent = { type: 'run-resumed', epoch: 2 };
const restart = (node: string, from: number, to: number): TimedEvent => ({ type: 'node-restarted', node, from, to });

describe('a ResponseEncoder of a run that continues after its process has ended', () => {
  it('closes an unfinished item without content, and sends its text again in another item', () => {
    const told = tell([
      content('a', 'whole'),
      nodeDone('a'),
      content('b', 'Hal'),
      resumed,
      restart('b', 4, 4),
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
      restart('a', 1, 3),
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

  describe('shows what a step repeats about MCP servers once', () => {
    const TOOLS = [{ name: 'search', input_schema: { type: 'object' } }];
    const mcp = (delta: McpStep, node = 'a') => say(node, { type: 'mcp', ...delta });
    const listing: McpStep = { step: 'listing', server: 'docs' };
    const listed: McpStep = { step: 'listed', server: 'docs', tools: TOOLS };
    const head = { server: 'docs', name: 'search', arguments: '{"q":1}' };
    const beginCall = (call: string, more = {}): McpStep => ({ step: 'calling', call, ...head, ...more });
    const finishCall = (call: string, output = 'snow'): McpStep => ({ step: 'called', server: 'docs', call, output });
    const ask = (call: string, more = {}): McpStep => ({ step: 'asking', call, ...head, ...more });
    const list = 'mcp_list_tools search';
    const made = 'mcp_call completed: search({"q":1}) = snow';
    const lost = 'mcp_call incomplete: search() = null';
    const text = 'message completed: So it is.';

    it.each<[string, readonly McpStep[], readonly McpStep[], readonly string[]]>([
      ['a list', [listing, listed], [listing, listed], [list]],
      ['a list that had not come', [listing], [listing, listed], [list]],
      [
        'a call that was under way',
        [listing, listed, beginCall('1')],
        [listing, listed, beginCall('9'), finishCall('9')],
        [list, made],
      ],
      ['a call with the same result', [beginCall('1'), finishCall('1')], [beginCall('9'), finishCall('9')], [made]],
      [
        'two equal calls, each',
        [beginCall('1'), beginCall('2'), finishCall('2')],
        [beginCall('8'), beginCall('9'), finishCall('9'), finishCall('8')],
        [made, made],
      ],
      ['a request for approval', [ask('1')], [ask('9')], ['mcp_approval_request search({"q":1})']],
    ])('%s', (_, before, after, items) => {
      const told = tell([
        ...before.map((each) => mcp(each)),
        resumed,
        restart('a', 1, 9),
        ...after.map((each) => mcp(each)),
        content('a', 'So it is.'),
        nodeDone('a'),
        finished,
      ]);
      expect(outline(told)).toEqual([...items, text]);
    });

    it('and a call that it does not repeat, or whose result is another, is void', () => {
      const told = tell([
        ...[listing, listed, beginCall('1'), finishCall('1'), beginCall('2', { arguments: '{"q":2}' })].map((each) =>
          mcp(each),
        ),
        mcp(ask('3')),
        resumed,
        restart('a', 1, 9),
        mcp(listing),
        mcp({ ...listed, tools: [] }),
        mcp(beginCall('1')),
        mcp(finishCall('1', 'rain')),
        mcp(ask('3', { name: 'write' })),
        content('a', 'So it is.'),
        nodeDone('a'),
        finished,
      ]);
      expect(outline(told)).toEqual([
        list,
        lost,
        lost,
        'mcp_approval_request search({"q":1})',
        'mcp_list_tools ',
        'mcp_call completed: search({"q":1}) = rain',
        'mcp_approval_request write({"q":1})',
        text,
      ]);
    });

    it('when another step repeats it, after each restart, and up to a failure', () => {
      const told = tell([
        mcp(listing),
        mcp(listed),
        content('a', 'One.'),
        nodeDone('a'),
        mcp(beginCall('1'), 'b'),
        resumed,
        restart('b', 5, 5),
        mcp(listing, 'b'),
        mcp(listed, 'b'),
        mcp(beginCall('1'), 'b'),
        resumed,
        restart('b', 5, 8),
        mcp(listing, 'b'),
        mcp(listed, 'b'),
        mcp(beginCall('1'), 'b'),
        mcp(finishCall('1'), 'b'),
        resumed,
        restart('b', 5, 13),
        makeFailed(),
      ]);
      expect(outline(told)).toEqual([list, 'message completed: One.', lost]);
    });
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
      restart('b', 3, 3),
      content('b', 'Hello'),
      cite(6, 8),
      nodeDone('b'),
      finished,
    ]);
    expect(told.response.output[2]).toMatchObject({ content: [{ annotations: [{ start_index: 1, end_index: 3 }] }] });
  });
});
