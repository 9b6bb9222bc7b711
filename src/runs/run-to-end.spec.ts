import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { RunEnd, RunEvent } from '../engine/run-event.js';
import { toRunError, UpstreamError } from '../errors/index.js';
import type { Delta } from '../streaming/index.js';
import { RunLogger } from '../workflow/index.js';
import { OpenRun } from './open-run.js';
import { RunEvents } from './run-events.js';
import { RunReaders } from './run-readers.js';
import { collectOutput, type RunOutput } from './run-to-end.js';

const say = (...deltas: Delta[]): RunEvent[] =>
  deltas.map((delta, seq) => ({ type: 'delta', node: 'AnswerNode', seq, delta }));

async function collect(events: readonly RunEvent[], end: RunEnd = {}): Promise<RunOutput> {
  const log = new RunLogger();
  const parts = { log, clock: new FakeClock(), timeoutMs: 1_000, signal: undefined, onAbort: () => undefined };
  const readers = new RunReaders(new OpenRun(parts), log);
  const outcome = collectOutput(new RunEvents(readers, true));
  for (const event of events) readers.emit(event, event === events.at(-1) ? end : undefined);
  return outcome;
}

describe('a run to its end', () => {
  it('gives the text of each channel, the result, the finish reason and the usage', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const deltas = say(
      { type: 'reasoning', text: 'Hm' },
      { type: 'content', text: 'Hel' },
      { type: 'reasoning', text: 'm.' },
      { type: 'content', text: 'lo' },
      { type: 'refusal', text: 'No' },
      { type: 'annotations', annotations: [{ type: 'url_citation' }] },
      { type: 'images', images: [{ type: 'image_url' }] },
      { type: 'audio', id: 'audio_1', data: 'AA==', transcript: 'H' },
      { type: 'audio', data: 'AAA=', transcript: 'i.' },
      { type: 'audio', expiresAt: 9 },
    );
    const last: RunEvent = { type: 'run-finished', seq: 9, finishReason: 'length', usage };
    expect(await collect([...deltas, last], { result: { answer: 42 } })).toEqual({
      content: 'Hello',
      reasoning: 'Hmm.',
      refusal: 'No',
      toolCalls: [],
      annotations: [{ type: 'url_citation' }],
      images: [{ type: 'image_url' }],
      audio: { id: 'audio_1', data: 'AAAA', transcript: 'Hi.', expiresAt: 9 },
      result: { answer: 42 },
      finishReason: 'length',
      usage,
    });
  });

  it('puts tool calls together', async () => {
    const deltas = say(
      { type: 'tool-call', index: 0, id: 'call_1', name: 'weather', arguments: '{"city":' },
      { type: 'tool-call', index: 1, id: 'call_2', kind: 'custom', name: 'note', arguments: 'a' },
      { type: 'tool-call', index: 0, arguments: '"Oslo"}' },
      { type: 'tool-call', index: 1, kind: 'custom', arguments: 'b' },
    );
    const last: RunEvent = { type: 'run-finished', seq: 9, finishReason: 'tool_calls' };
    expect((await collect([...deltas, last])).toolCalls).toEqual([
      { id: 'call_1', kind: 'function', name: 'weather', arguments: '{"city":"Oslo"}' },
      { id: 'call_2', kind: 'custom', name: 'note', arguments: 'ab' },
    ]);
  });

  it('rejects with the error of the run', async () => {
    const error = new UpstreamError('The model is down.', { code: 'upstream_error', retryable: true });
    const failed: RunEvent = { type: 'run-failed', seq: 1, error: toRunError(error), outcome: 'upstream_error' };
    const events = [...say({ type: 'content', text: 'Hel' }), failed];
    await expect(collect(events, { error })).rejects.toBe(error);
  });
});
