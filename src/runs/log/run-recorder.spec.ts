import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { JsonValue } from '../../kernel/index.js';
import { RunAbortedError, RunOutputTooLargeError, readOutcome, toRunError, UpstreamError } from '../../errors/index.js';
import type { MillraceError } from '../../errors/index.js';
import { OpenLog } from './open-log.js';
import { RunRecorder } from './run-recorder.js';

function open(longest = 1_000_000): { readonly log: OpenLog; readonly recorder: RunRecorder } {
  const log = new OpenLog({ id: 'r', length: 0, clock: new FakeClock(), onWrite: () => undefined });
  return { log, recorder: new RunRecorder(log, false, longest, 'graph') };
}

/** The types of what is on its way to the store. */
const listTypes = (log: OpenLog): readonly string[] =>
  (log.takeBatch()?.events ?? []).map((json) => (JSON.parse(json) as { type: string }).type);

function failStep(recorder: RunRecorder, thrown: MillraceError): void {
  const error = toRunError(thrown);
  recorder.next({ type: 'node-failed', seq: 0, node: 'n', elapsedMs: 1, error, recovered: false, aborted: true });
  recorder.failed({
    error,
    thrown,
    isReaderFault: false,
    event: { type: 'run-failed', seq: 1, error, outcome: readOutcome(thrown) },
  });
}

describe('RunRecorder', () => {
  it('ends a run whose log would be too long, and keeps all that it has said', () => {
    const { log, recorder } = open(300);
    const say = (): void =>
      recorder.next({ type: 'delta', seq: 0, node: 'n', delta: { type: 'content', text: 'x'.repeat(100) } });
    say();
    expect(recorder.fault.aborted).toBe(false);
    say();
    expect(recorder.fault.reason).toBeInstanceOf(RunOutputTooLargeError);
    expect(listTypes(log)).toEqual(['delta', 'delta']);
  });

  it('counts what an earlier process has written', () => {
    const { log, recorder } = open(300);
    log.claim(2, 300);
    recorder.next({ type: 'run-resumed', seq: 0, epoch: 2 });
    expect(recorder.fault.reason).toBeInstanceOf(RunOutputTooLargeError);
  });

  it('keeps the result of a workflow if clients have read the same as JSON, and no other', () => {
    const result = { score: 5 };
    const end = (said: string, given: JsonValue): JsonValue | undefined => {
      const { recorder } = open();
      recorder.next({ type: 'delta', seq: 0, node: 'm', delta: { type: 'content', text: 'Well:' } });
      recorder.next({ type: 'delta', seq: 1, node: 'n', delta: { type: 'content', text: said.slice(0, 3) } });
      recorder.next({ type: 'delta', seq: 2, node: 'n', delta: { type: 'content', text: said.slice(3) } });
      recorder.next({ type: 'run-finished', seq: 3, finishReason: 'stop', result: given });
      return recorder.last?.type === 'run-finished' ? recorder.last.result : undefined;
    };
    expect(end('\n\n{"score": 5}', result)).toEqual(result);
    expect(end('\n\n{"score": 6}', result)).toBeUndefined();
    expect(end('5', 5)).toBe(5);
    // Text alone is its output.
    expect(end('Hello', 'Hello')).toBeUndefined();
  });

  it('records aborted steps as failed, unless another process continues them', () => {
    const failed = open();
    failStep(failed.recorder, new UpstreamError('It broke.'));
    expect(listTypes(failed.log)).toEqual(['node-failed']);
    const released = open();
    failStep(released.recorder, new RunAbortedError('shutdown'));
    expect(listTypes(released.log)).toEqual([]);
    expect(released.recorder.last?.type).toBe('run-failed');
  });
});
