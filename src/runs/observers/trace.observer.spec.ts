import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type RecordedGeneration,
  type RecordedTrace,
  RecordingTracer,
} from '../../../test/support/recording-tracer.js';
import type { CompiledWorkflow } from '../../workflow/index.js';
import type { ObservedRun, RunObserver } from './run-observer.js';
import { TraceObserverFactory } from './trace.observer.js';

const RUN: ObservedRun = {
  workflow: { id: 'chat' } as CompiledWorkflow,
  request: { model: 'chat', messages: [], parameters: {} },
  options: { id: 'run' },
};
const CALL = { type: 'model-call-started', node: 'Answer', provider: 'openai', model: 'gpt' } as const;

describe('the trace of a run', () => {
  let tracer: RecordingTracer;
  let observer: RunObserver;
  beforeEach(() => {
    tracer = new RecordingTracer();
    observer = observe(tracer);
  });

  const trace = (): RecordedTrace => tracer.traces[0] as RecordedTrace;
  const drawTrace = (): string => trace().toString();
  const generation = (): RecordedGeneration => tracer.generations()[0] as RecordedGeneration;
  const traceStep = (node = 'Answer', place: { name?: string; within?: string; workflow?: string } = {}): void =>
    observer.next({ type: 'step-entered', node, name: node, ...place }, { input: `input of ${node}` });

  it('does not exist for a run that is not traced', () => {
    expect(new TraceObserverFactory().observe(RUN)).toBeUndefined();
  });

  it('has a span for each step, with its input and output', () => {
    traceStep();
    observer.next({ type: 'step-left', node: 'Answer' }, { output: 'Hello' });
    const [span] = trace().children;
    expect(span).toMatchObject({ name: 'Answer', start: { input: 'input of Answer' }, endings: [{ output: 'Hello' }] });
  });

  it('puts the steps of a nested workflow into its span, which names it', () => {
    traceStep('Inner', { workflow: 'inner' });
    traceStep('Inner/Answer', { name: 'Answer', within: 'Inner' });
    const [inner] = trace().children;
    expect(inner?.start).toMatchObject({ metadata: { workflow: 'inner' } });
    expect(inner?.children.map(({ name }) => name)).toEqual(['Answer']);
  });

  it('ends with the output and the finish reason', () => {
    observer.next({ type: 'run-left', finishReason: 'length' }, { output: { content: 'Hel' } });
    expect(trace().endings).toEqual([{ metadata: { finish_reason: 'length' }, output: { content: 'Hel' } }]);
  });

  it('ends as a failure with the error of the run', () => {
    observer.next({ type: 'run-left', level: 'ERROR', statusMessage: 'upstream_error: Down.' });
    expect(trace().ending).toMatchObject({ level: 'ERROR', statusMessage: 'upstream_error: Down.' });
  });

  describe('of a model call', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    beforeEach(() => traceStep());

    it('has the messages and parameters that the model was sent', () => {
      const content = { messages: [{ role: 'user', content: 'Hi' }], parameters: { temperature: 0 } };
      observer.next({ ...CALL, call: 1, content });
      expect(generation()).toMatchObject({
        name: 'gpt',
        start: { model: 'gpt', provider: 'openai', parameters: { temperature: 0 }, input: content.messages },
      });
    });

    it('has its first token, its usage and its output', () => {
      observer.next({ ...CALL, call: 1 });
      observer.next({ type: 'model-call-first-token', node: 'Answer', call: 1 });
      const how = { outcome: 'stop', usage, model: 'gpt-2026', output: 'Hello' } as const;
      observer.next({ type: 'model-call-finished', node: 'Answer', call: 1, ...how });
      expect(generation().firstTokens).toBe(1);
      expect(generation().endings).toEqual([{ finishReason: 'stop', usage, model: 'gpt-2026', output: 'Hello' }]);
    });

    it.each([
      ['failed', { outcome: 'upstream_error', failure: 'Down.' }, { level: 'ERROR', statusMessage: 'Down.' }],
      ['was aborted', { outcome: 'aborted' }, { level: 'WARNING', statusMessage: 'aborted' }],
    ] as const)('says that it %s, with what it has used by then', (_, how, ending) => {
      observer.next({ ...CALL, call: 1 });
      observer.next({ type: 'model-call-finished', node: 'Answer', call: 1, usage, ...how });
      expect(generation().ending).toMatchObject({ ...ending, usage });
    });

    it('tells calls of one step apart by their numbers', () => {
      observer.next({ ...CALL, call: 1 });
      observer.next({ ...CALL, call: 2 });
      observer.next({ type: 'model-call-finished', node: 'Answer', call: 1, outcome: 'stop' });
      expect(tracer.generations().map(({ endings }) => endings.length)).toEqual([1, 0]);
    });

    it('marks a request that is sent again', () => {
      observer.next({ ...CALL, call: 1 });
      const retry = { attempt: 1, delayMs: 250, reason: 'ECONNRESET', provider: 'openai', model: 'gpt' };
      observer.next({ type: 'model-call-retried', node: 'Answer', call: 1, ...retry });
      expect(generation().events).toEqual([
        { name: 'retry', data: { attempt: 1, delayMs: 250, reason: 'ECONNRESET' }, level: 'WARNING' },
      ]);
    });
  });

  describe('of an agent', () => {
    const [first, second] = [
      { provider: 'openai', model: 'gpt' },
      { provider: 'ollama', model: 'llama3' },
    ] as const;
    beforeEach(() => traceStep());

    it('marks each try, fallback, repair, and tool that was not run', () => {
      observer.next({ type: 'agent-retried', node: 'Answer', attempt: 1, delayMs: 9, reason: 'r', ...first });
      observer.next({ type: 'model-fallback', node: 'Answer', from: first, to: second, reason: 'r' });
      observer.next({ type: 'repair', node: 'Answer', faults: ['f'] });
      observer.next({ type: 'tools-not-run', node: 'Answer', tools: ['t'] });
      expect(trace().children[0]?.events).toEqual([
        { name: 'retry', data: { attempt: 1, delay_ms: 9, reason: 'r' }, level: 'WARNING' },
        { name: 'fallback', data: { from: 'openai/gpt', to: 'ollama/llama3', reason: 'r' }, level: 'WARNING' },
        { name: 'repair', data: { faults: ['f'] }, level: 'WARNING' },
        { name: 'tools_not_run', data: { tools: ['t'] }, level: 'WARNING' },
      ]);
    });

    it('has a span for each tool, with the calls and spans that are made in it', () => {
      observer.next({ type: 'tool-started', node: 'Answer', span: 1, tool: 'search', input: { q: 'x' } });
      observer.next({ ...CALL, call: 2, within: 1 });
      observer.next({ type: 'span-started', node: 'Answer', span: 3, within: 1, name: 'query' });
      observer.next({ type: 'span-event', node: 'Answer', within: 3, name: 'cache hit', level: 'DEFAULT' });
      observer.next({ type: 'span-ended', node: 'Answer', span: 3, output: 'rows' });
      observer.next({ type: 'tool-finished', node: 'Answer', span: 1, level: 'ERROR', failure: 'No.' });
      expect(drawTrace().split('\n').slice(1)).toEqual([
        '  span Answer (open)',
        '    span tool:search (ended: ERROR)',
        '      generation gpt (open)',
        '      span query (ended)',
        '        event cache hit',
      ]);
    });

    it('lets an author end the span of the step', () => {
      observer.next({ type: 'span-ended', node: 'Answer', level: 'WARNING', statusMessage: 'slow' });
      expect(trace().children[0]?.ending).toMatchObject({ level: 'WARNING', statusMessage: 'slow' });
    });
  });

  it('leaves out events of steps that are not traced', () => {
    observer.next({ ...CALL, node: 'Silent', call: 1 });
    observer.next({ type: 'run-started', seq: 0 });
    expect(drawTrace()).toBe('trace chat (open)');
  });
});

function observe(tracer: RecordingTracer): RunObserver {
  const trace = tracer.startTrace({ name: 'chat', input: [], tags: [], metadata: {} });
  const observer = new TraceObserverFactory().observe({ ...RUN, trace });
  if (observer === undefined) throw new Error('The run is not observed');
  return observer;
}
