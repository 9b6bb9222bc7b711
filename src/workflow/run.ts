import { RunAbortedError, toMillraceError } from '../errors/index.js';
import { abortable, type Clock, settledOrAborted } from '../kernel/index.js';
import type { FinishReason } from '../protocol/index.js';
import { worseFinishReason } from '../protocol/index.js';
import type { Delta, Gate } from '../streaming/index.js';
import type { Ending, SpanHandle, TraceHandle } from '../tracing/index.js';
import type { ChatEvent } from './chat-event.js';
import { IncompleteAnswerError } from './incomplete-answer-error.js';
import type { RunEvent } from './run-event.js';
import { NodeLedger, sumUsage } from './run-ledger.js';
import { TaskContext } from './task-context.js';
import type { Deltas } from './node-signature.js';
import type { CompiledWorkflow, WorkflowStep } from './workflow-schema.js';

/** How long a node that was aborted may take to close what it opened, in milliseconds. */
const ABORT_GRACE_MS = 1_000;

/** A run event before it has its number. */
type Unnumbered<E> = E extends RunEvent ? Omit<E, 'seq'> : never;

/** What one run is made of. */
export interface RunParts {
  readonly workflow: CompiledWorkflow;
  readonly event: ChatEvent;
  readonly signal: AbortSignal;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly trace: TraceHandle;
  /** True if the answer's text is wanted at the end, for the trace. */
  readonly keepText: boolean;
  readonly emit: (event: RunEvent) => void;
}

/** One execution of one workflow for one request. */
export class Run {
  readonly #parts: RunParts;
  readonly #outputs = new Map<string, unknown>();
  readonly #metadata = new Map<string, unknown>();
  readonly #ledgers = new Map<string, NodeLedger>();
  #seq = 0;
  #stopped = false;
  /** Key of the visible node whose content came last: the next one's is set off from it. */
  #lastSpeaker: string | undefined;
  #text = '';

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** Runs the nodes to the end. Never rejects: whatever happens is the last event. */
  async execute(): Promise<void> {
    const { workflow, trace } = this.#parts;
    this.#emit({ type: 'run-started', ...(trace.id !== undefined && { traceId: trace.id }) });
    try {
      for (const step of workflow.steps) {
        if (this.#stopped) break;
        this.#parts.signal.throwIfAborted();
        await this.#runStep(step);
      }
      if (!workflow.heard.some((step) => step.visible)) this.#answerWithResult();
      this.#finish();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  async #runStep(step: WorkflowStep): Promise<void> {
    const { event, signal, clock, trace } = this.#parts;
    const startedAt = clock.monotonic();
    this.#emit({ type: 'node-started', node: step.key });
    const ledger = new NodeLedger((identity) => this.#emit({ type: 'model-identified', node: step.key, identity }));
    this.#ledgers.set(step.key, ledger);
    const input = step.input(event, this.#outputs);
    const span = trace.span(step.key, { input });
    try {
      const context = this.#contextFor(span, ledger);
      const output = await settledOrAborted(this.#process(step, input, context), signal, clock, ABORT_GRACE_MS);
      this.#outputs.set(step.key, output);
      span.end({ output });
    } catch (thrown) {
      span.end(endingOf(thrown));
      if (!(step.visible && thrown instanceof IncompleteAnswerError)) throw thrown;
      this.#stopped = true;
    }
    const usage = ledger.usage();
    this.#emit({
      type: 'node-finished',
      node: step.key,
      elapsedMs: clock.monotonic() - startedAt,
      ...(usage !== undefined && { usage }),
    });
  }

  #contextFor(trace: SpanHandle, ledger: NodeLedger): TaskContext {
    const { event, signal, clock } = this.#parts;
    return new TaskContext({
      event,
      signal,
      clock,
      trace,
      ledger,
      outputs: this.#outputs,
      metadata: this.#metadata,
      onStop: () => {
        this.#stopped = true;
      },
    });
  }

  async #process(step: WorkflowStep, input: unknown, context: TaskContext): Promise<unknown> {
    const result = step.instance.process(input, context);
    return isGenerator(result) ? this.#pull(step, result) : result;
  }

  /** Takes what a node yields, no faster than the reader of the run can follow. */
  async #pull(step: WorkflowStep, generator: AsyncGenerator<Deltas, unknown, void>): Promise<unknown> {
    const { signal, gate } = this.#parts;
    let done = false;
    try {
      for (;;) {
        const next = await generator.next();
        if (next.done === true) {
          done = true;
          return next.value;
        }
        signal.throwIfAborted();
        if (step.visible) this.#say(step, next.value);
        if (!gate.isOpen) await abortable(gate.opened(), signal);
      }
    } finally {
      if (!done) await generator.return(undefined);
    }
  }

  #say(step: WorkflowStep, deltas: Deltas): void {
    if (isBatch(deltas)) for (const delta of deltas) this.#sayOne(step, delta);
    else this.#sayOne(step, deltas);
  }

  #sayOne(step: WorkflowStep, delta: Delta): void {
    if (delta.type !== 'content') {
      if (delta.type === 'tool-call' || delta.text !== '') this.#emit({ type: 'delta', node: step.key, delta });
      return;
    }
    if (delta.text === '' && delta.logprobs === undefined) return;
    const isNewSpeaker = this.#lastSpeaker !== undefined && this.#lastSpeaker !== step.key;
    this.#lastSpeaker = step.key;
    const said = isNewSpeaker ? { ...delta, text: this.#parts.workflow.separator + delta.text } : delta;
    if (this.#parts.keepText) this.#text += said.text;
    this.#emit({ type: 'delta', node: step.key, delta: said });
  }

  /** Nobody spoke, by design: the workflow's result is the answer. */
  #answerWithResult(): void {
    const { workflow, event } = this.#parts;
    const result = workflow.result(event, this.#outputs);
    const text = typeof result === 'string' ? result : (JSON.stringify(result) ?? '');
    if (text === '') return;
    if (this.#parts.keepText) this.#text += text;
    this.#emit({ type: 'delta', node: workflow.resultNode ?? workflow.schema.start, delta: { type: 'content', text } });
  }

  #finish(): void {
    const finishReason = this.#finishReason();
    const usage = this.#usage();
    this.#parts.trace.end({ output: this.#text, metadata: { finish_reason: finishReason } });
    this.#emit({ type: 'run-finished', finishReason, ...(usage !== undefined && { usage }) });
  }

  #fail(thrown: unknown): void {
    const usage = this.#usage();
    this.#parts.trace.end({ ...endingOf(thrown), output: this.#text });
    this.#emit({ type: 'run-failed', error: toMillraceError(thrown), ...(usage !== undefined && { usage }) });
  }

  /** The worst of the nodes that the client heard. */
  #finishReason(): FinishReason {
    return this.#parts.workflow.heard.reduce<FinishReason>(
      (worst, step) => worseFinishReason(worst, this.#ledgers.get(step.key)?.finishReason ?? 'stop'),
      'stop',
    );
  }

  #usage(): ReturnType<typeof sumUsage> {
    return sumUsage([...this.#ledgers.values()].map((ledger) => ledger.usage()));
  }

  #emit(event: Unnumbered<RunEvent>): void {
    this.#parts.emit({ ...event, seq: this.#seq++ });
  }
}

/** How a thrown value shows in a trace: an ending from outside is a warning, anything else an error. */
function endingOf(thrown: unknown): Ending {
  const error = toMillraceError(thrown);
  if (error instanceof RunAbortedError) return { level: 'WARNING', statusMessage: `aborted: ${error.abortCause}` };
  return { level: 'ERROR', statusMessage: `${error.code ?? error.name}: ${error.diagnostic ?? error.message}` };
}

function isGenerator(value: unknown): value is AsyncGenerator<Deltas, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}

function isBatch(deltas: Deltas): deltas is readonly Delta[] {
  return Array.isArray(deltas);
}
