import { describe, expect, it } from '@jest/globals';
import { assertValidRunEvent } from '../../../test/support/run-schemas.js';
import type { RunEvent } from '../../engine/index.js';
import { SaidOutput } from '../../runs/index.js';
import { RunEncoder } from './runs.encoder.js';
import { RunSummary } from './run-summary.js';

type Unnumbered<E = RunEvent> = E extends RunEvent ? Omit<E, 'seq'> : never;

const say = (node: string, text: string): Unnumbered => ({ type: 'delta', node, delta: { type: 'content', text } });

/** The events of a run whose process has ended in mid-sentence, and of much else. */
const EVENTS: readonly Unnumbered[] = [
  { type: 'run-started', traceId: 't' },
  { type: 'node-started', node: 'a', kind: 'agent', visible: false },
  { type: 'model-identified', node: 'a', identity: { model: '/models/llama.gguf', systemFingerprint: 'fp' } },
  { type: 'node-progress', node: 'a', message: 'half', data: { part: 1 } },
  { type: 'node-finished', node: 'a', visible: false, elapsedMs: 1.4, output: 'silent' },
  { type: 'route-taken', node: 'r', branch: 'b' },
  { type: 'node-started', node: 'b', kind: 'agent-streaming', visible: true },
  say('b', 'Half a sen'),
  { type: 'run-resumed', epoch: 2 },
  { type: 'node-restarted', node: 'b', from: 7, to: 7 },
  { type: 'node-started', node: 'b', kind: 'agent-streaming', visible: true },
  say('b', '{"a":'),
  say('b', '1}'),
  { type: 'delta', node: 'b', delta: { type: 'tool-call', index: 0, id: 'c', name: 'f', arguments: '{}' } },
  { type: 'delta', node: 'b', delta: { type: 'audio', id: 'x', expiresAt: 5 } },
  { type: 'node-finished', node: 'b', visible: true, elapsedMs: 2, output: { a: 1 }, finishReason: 'stop' },
  { type: 'node-started', node: 'c', kind: 'node', visible: true },
  say('c', 'Other words'),
  { type: 'node-finished', node: 'c', visible: true, elapsedMs: 2, output: { secret: true } },
  {
    type: 'node-failed',
    node: 'd',
    elapsedMs: 3,
    error: { status: 502, code: 'e', type: 'server_error', message: 'No', param: null, retryable: false },
    recovered: false,
    aborted: true,
  },
  {
    type: 'run-failed',
    node: 'd',
    error: { status: 502, code: null, type: 'server_error', message: 'No', param: null },
    outcome: 'upstream_error',
  },
];

const LOG = EVENTS.map((event, place) => ({ ...event, seq: place, at: 1_000 + place }));

const tell = (after: number): readonly string[] => {
  const encoder = new RunEncoder({ model: 'm', after });
  return LOG.flatMap((event, number) => encoder.next(event, number)).map(({ frame }) => frame);
};

describe('the events of a run', () => {
  it('are one frame each, under the number of the log, as the OpenAPI document has them', () => {
    const frames = tell(-1);
    expect(frames).toHaveLength(LOG.length);
    frames.forEach((frame, n) => {
      const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)\n\n$/.exec(frame) ?? [];
      const json = JSON.parse(data) as object;
      assertValidRunEvent(json, name);
      expect(json).toMatchObject({ type: LOG[n]?.type, n, at: 1_000 + n });
    });
    expect(frames[2]).toContain('"model":"llama.gguf"');
  });

  it('are the same for a reader that begins in the middle', () => {
    const whole = tell(-1);
    for (let after = 0; after < LOG.length; after++) expect(tell(after)).toEqual(whole.slice(after + 1));
  });

  it('show the outputs that clients have read as text, and no others', () => {
    const finished = tell(-1).filter((frame) => frame.startsWith('event: node-finished'));
    expect(finished.map((frame) => frame.includes('"output":{"a":1}'))).toEqual([false, true, false]);
    expect(finished.join('')).not.toMatch(/silent|secret/);
  });

  it('sum up to steps with their attempts, and to an output without what is void', () => {
    const summary = new RunSummary();
    for (const event of LOG) summary.add(event);
    expect(summary.output).toBe('{"a":1}Other words');
    expect(summary.steps.map(({ node, attempt, status, output }) => [node, attempt, status, output])).toEqual([
      ['a', 1, 'completed', undefined],
      ['b', 2, 'completed', { a: 1 }],
      ['c', 1, 'completed', undefined],
    ]);
  });

  it('have an output of limited length', () => {
    const said = new SaidOutput(10);
    for (const event of LOG) said.add(event);
    expect(said.text).toBeUndefined();
  });
});
