import {
  formatStackForLog,
  type MillraceError,
  readOutcome,
  RunAbortedError,
  RunOutputTooLargeError,
  toMillraceError,
  toRunError,
} from '../errors/index.js';
import {
  assertNever,
  Cancellation,
  type Clock,
  type IdSource,
  Semaphore,
  settleInTime,
  toJsonValue,
} from '../kernel/index.js';
import { type FinishReason, worseFinishReason } from '../models/index.js';
import {
  DeltaCollector,
  countCharacters,
  type Delta,
  type Gate,
  moveAnnotations,
  type TextDelta,
  weighDelta,
  WholeCharacters,
} from '../streaming/index.js';
import {
  type RunRequest,
  type CompiledWorkflow,
  MOST_CONTENT_BYTES,
  type NodeStep,
  type RunLog,
  type TaskContext,
} from '../workflow/index.js';
import { Execution } from './execution.js';
import { NumberedCalls } from './numbered-calls.js';
import { OneAudio } from './one-audio.js';
import type { ObserverContent, ObserverEvent, RunEnd, RunEvent, RunFinished, UnnumberedEvent } from './run-event.js';
import { type Speaker, SpeakingOrder } from './speaking-order.js';
import { type StepUsage, sumUsage } from './step-usage.js';
import { makeEnding, type TraceEnding } from './trace-ending.js';

/** What one run is made of. */
export interface RunParts {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  /** Ends the run when it aborts. */
  readonly cancellation: Cancellation;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** See the options of a run. */
  readonly failFastMs: number | undefined;
  readonly log: RunLog;
  /** Undefined if nothing is recorded. */
  readonly traceId: string | undefined;
  /** True if somebody keeps a trace: then content is told to observers, and the answer at the end. */
  readonly isTraced: boolean;
  /** Most that the run may say, in characters: whoever collects an answer, for a client or a trace, holds all of it. */
  readonly maxOutputLength: number;
  /** True if tokens that upstreams do not tell are estimated. */
  readonly estimatesTokens: boolean;
  /** Whether somebody wants what authors' code gives in the events: outputs, the result, data of progress. */
  readonly wantsContent: () => boolean;
  /** Takes each event; with the last one comes what stands beside it. */
  readonly emit: (event: RunEvent, end?: RunEnd) => void;
  /** Tells observers what the run's reader is not told. */
  readonly observe: (event: ObserverEvent, content?: ObserverContent) => void;
}

/** How long the `cleanup` of one node may take, in milliseconds; then the others go on. */
const CLEANUP_LIMIT_MS = 10_000;

/** One execution of one workflow for one request. */
export class Run {
  readonly #parts: RunParts;
  readonly #usages: StepUsage[] = [];
  readonly #started: { readonly step: NodeStep; readonly context: TaskContext }[] = [];
  readonly #startedAt: number;
  #hasOutput = false;
  #seq = 0;
  /** Key of the visible node whose content came last: the next one's is set off from it. */
  #lastSpeaker: string | undefined;
  /** Content so far in Unicode code points, and how much of it came before that of the last speaker. */
  #contentLength = 0;
  #contentBefore = 0;
  /** Characters that were said so far. */
  #saidLength = 0;
  /** Who said something last, in whatever channel. */
  #speaker: Speaker | undefined;
  readonly #characters = new WholeCharacters();
  readonly #calls: NumberedCalls;
  readonly #audio = new OneAudio();
  readonly #answer: DeltaCollector | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#calls = new NumberedCalls(parts.ids);
    this.#startedAt = parts.clock.monotonic();
    this.#answer = parts.isTraced ? new DeltaCollector() : undefined;
  }

  /** Runs the workflow to its end. Never rejects: whatever happens is the last event. */
  async execute(): Promise<void> {
    const { workflow, request, cancellation, gate, clock, log, traceId, isTraced } = this.#parts;
    this.#emit({ type: 'run-started', ...(traceId !== undefined && { traceId }) });
    const execution = new Execution(
      workflow,
      request,
      {
        cancellation,
        gate,
        clock,
        log,
        estimatesTokens: this.#parts.estimatesTokens,
        canWait: (ms) => this.#canWait(ms),
        wantsContent: this.#parts.wantsContent,
        places: new Semaphore(workflow.concurrency),
        brokenOff: false,
        emit: (runEvent) => this.#tell(runEvent),
        observe: this.#parts.observe,
        started: (step, context) => this.#started.push({ step, context }),
        account: (usage) => this.#usages.push(usage),
      },
      isTraced,
    );
    try {
      const result = await execution.execute(new SpeakingOrder((speaker, delta) => this.#speak(speaker, delta)));
      cancellation.throwIfAborted();
      if (!execution.hasVisibleStep) this.#sayResult(result);
      cancellation.throwIfAborted();
      this.#finish(result, execution.finishReasons);
    } catch (thrown) {
      this.#fail(thrown);
    }
    await this.#cleanUp();
  }

  #speak(speaker: Speaker, delta: Delta): void {
    if (this.#speaker !== undefined && this.#speaker.node !== speaker.node) this.#endCharacters();
    this.#speaker = speaker;
    if ('text' in delta && delta.text === '' && delta.logprobs === undefined) return;
    this.#saidLength += measureLength(delta);
    if (this.#saidLength > this.#parts.maxOutputLength) {
      // It may have been kept until now, and somebody else's end have set it free: the speaker learns of it by the abort.
      this.#parts.cancellation.abort(new RunOutputTooLargeError(this.#parts.maxOutputLength));
      return;
    }
    const whole = this.#characters.take(delta);
    if (whole !== undefined) this.#pass(speaker, whole);
  }

  /** Passes on halves of characters whose speaker has nothing more to say. */
  #endCharacters(): void {
    if (this.#speaker === undefined || !this.#characters.isHolding) return;
    for (const rest of this.#characters.takeRest()) this.#pass(this.#speaker, rest);
  }

  #pass({ node, debounceMs }: Speaker, delta: Delta): void {
    this.#hasOutput = true;
    const said = this.#arrange(node, delta);
    if (said === undefined) return;
    this.#answer?.add(said);
    // Once per token: written out, because spreading objects costs more than all the rest here.
    const seq = this.#seq++;
    this.#parts.emit(
      debounceMs === undefined
        ? { type: 'delta', seq, node, delta: said }
        : { type: 'delta', seq, node, delta: said, debounceMs },
    );
  }

  #canWait(ms: number): boolean {
    const { failFastMs, clock } = this.#parts;
    if (failFastMs === undefined || this.#hasOutput) return true;
    const leftMs = failFastMs - (clock.monotonic() - this.#startedAt);
    return leftMs <= 0 || ms <= leftMs;
  }

  /** The delta as a part of the run's one answer; undefined if it has no place there. */
  #arrange(node: string, delta: Delta): Delta | undefined {
    switch (delta.type) {
      case 'content':
        return this.#setOff(node, delta);
      case 'tool-call':
        return this.#calls.take(node, delta);
      case 'annotations':
        return moveAnnotations(delta, this.#findStart(node));
      case 'audio': {
        const heard = this.#audio.take(node, delta);
        return heard?.type === 'content' ? this.#setOff(node, heard) : heard;
      }
      case 'reasoning':
      case 'refusal':
      case 'images':
        return delta;
      default:
        return assertNever(delta);
    }
  }

  /** The first content of a node is set off from that of the one before. */
  #setOff(node: string, delta: TextDelta): TextDelta {
    const separator =
      this.#lastSpeaker === undefined || this.#lastSpeaker === node ? '' : this.#parts.workflow.separator;
    if (this.#lastSpeaker !== node) {
      this.#contentBefore = this.#findStart(node);
      this.#contentLength = this.#contentBefore;
      this.#lastSpeaker = node;
    }
    this.#contentLength += countCharacters(delta.text);
    return separator === '' ? delta : { ...delta, text: separator + delta.text };
  }

  /** Where the node's own content begins, or would begin, in that of the run. */
  #findStart(node: string): number {
    if (this.#lastSpeaker === undefined) return 0;
    if (this.#lastSpeaker === node) return this.#contentBefore;
    return this.#contentLength + countCharacters(this.#parts.workflow.separator);
  }

  /** No visible node ran: the workflow's result is the answer. */
  #sayResult(result: unknown): void {
    const { workflow } = this.#parts;
    const text = typeof result === 'string' ? result : encodeResult(result, workflow.id);
    const node = workflow.resultStep ?? workflow.id;
    this.#speak({ node, debounceMs: undefined }, { type: 'content', text });
  }

  #finish(result: unknown, finishReasons: readonly FinishReason[]): void {
    this.#endCharacters();
    const finishReason = finishReasons.reduce<FinishReason>(worseFinishReason, 'stop');
    const usage = this.#sumUsage();
    this.#endTrace({ finishReason });
    const shown = this.#parts.wantsContent() ? toJsonValue(result, MOST_CONTENT_BYTES) : undefined;
    this.#emit(
      {
        type: 'run-finished',
        finishReason,
        ...(shown !== undefined && { result: shown }),
        ...(usage !== undefined && { usage }),
        ...this.#sumUntold(),
      },
      { result },
    );
  }

  #fail(thrown: unknown): void {
    this.#endCharacters();
    const usage = this.#sumUsage();
    // The first failure has aborted the rest with itself; for the run it is no abort.
    this.#endTrace(makeEnding(thrown, NEVER));
    const error = toMillraceError(thrown);
    const { log, workflow } = this.#parts;
    const node = error instanceof RunAbortedError || !hasSeveralSteps(workflow) ? undefined : log.failedStep?.node;
    this.#tellLog(error);
    this.#emit(
      {
        type: 'run-failed',
        error: toRunError(error),
        outcome: readOutcome(error),
        ...(node !== undefined && { node }),
        ...(usage !== undefined && { usage }),
        ...this.#sumUntold(),
      },
      { error },
    );
  }

  /** What only operators may see stands in the log alone. Whatever becomes of that, the run has its end. */
  #tellLog(error: MillraceError): void {
    const { log } = this.#parts;
    try {
      log.runFailed(error);
    } catch (thrown) {
      // Later, because it is the log that fails.
      process.nextTick(() => log.write('error', 'failed, which could not be logged', {}, formatStackForLog(thrown)));
    }
  }

  #endTrace(ending: TraceEnding & { readonly finishReason?: FinishReason }): void {
    if (this.#answer === undefined) return;
    this.#parts.observe({ type: 'run-trace-ended', ...ending }, { output: this.#answer.output() });
  }

  async #cleanUp(): Promise<void> {
    const { clock, log } = this.#parts;
    for (const { step, context } of this.#started.toReversed()) {
      try {
        const cleaned = step.instance.cleanup?.(context);
        if (!isPromise(cleaned)) continue;
        await settleInTime(cleaned, clock, CLEANUP_LIMIT_MS, () => {
          const words = `has a cleanup() that has not ended after ${CLEANUP_LIMIT_MS} ms; nobody waits for it any more`;
          log.step(step.node).write('error', words);
        });
      } catch (error) {
        log.step(step.node).write('error', 'has a cleanup() that failed', {}, formatStackForLog(error));
      }
    }
  }

  #sumUntold(): Pick<RunFinished, 'untoldTokens'> {
    const untoldTokens = this.#usages.reduce((sum, { untoldTokens: untold }) => sum + untold, 0);
    return untoldTokens > 0 ? { untoldTokens } : {};
  }

  #sumUsage(): ReturnType<typeof sumUsage> {
    return sumUsage(this.#usages.map(({ usage }) => usage));
  }

  /** What happens in the steps. A node that is done speaks no more: whatever is held of its text comes before. */
  #tell(event: UnnumberedEvent): void {
    if (event.type === 'node-finished' && event.node === this.#speaker?.node) this.#endCharacters();
    this.#emit(event);
  }

  #emit(event: UnnumberedEvent, end?: RunEnd): void {
    // Each event was made for this call, so it is numbered as it is.
    const numbered = event as Numberable;
    numbered.seq = this.#seq++;
    this.#parts.emit(numbered, end);
  }
}

/** An event that is about to get its number. */
type Numberable = RunEvent & { seq: number };

function hasSeveralSteps({ schema: { nodes } }: CompiledWorkflow): boolean {
  return nodes.length > 1 || nodes[0]?.kind === 'workflow';
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** @throws Error if it is something that JSON cannot hold */
function encodeResult(result: unknown, workflow: string): string {
  try {
    return JSON.stringify(result) ?? '';
  } catch (cause) {
    throw new Error(`The result of the workflow "${workflow}" cannot be answered with: it has no JSON`, { cause });
  }
}

/** In characters. Log probabilities, which are objects, are measured by the memory that they take. */
function measureLength(delta: Delta): number {
  switch (delta.type) {
    case 'content':
    case 'reasoning':
    case 'refusal':
      return delta.logprobs === undefined
        ? delta.text.length
        : weighDelta(delta, Number.POSITIVE_INFINITY) / BYTES_PER_CHARACTER;
    case 'tool-call':
      return delta.arguments.length;
    case 'annotations':
    case 'images':
    case 'audio':
      return weighDelta(delta, Number.POSITIVE_INFINITY) / 2;
    default:
      return assertNever(delta);
  }
}

/** Of memory. A log probability of one token takes some hundreds, for a character or two of text: a lenient share. */
const BYTES_PER_CHARACTER = 16;

const NEVER = new Cancellation();
