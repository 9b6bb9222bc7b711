import { assertNever, type JsonValue } from '../kernel/index.js';
import type { Delta } from '../streaming/index.js';
import type { CompiledWorkflow, StepKind } from '../workflow/index.js';
import { hasSaidAll, addSaid, type SaidSoFar, NOTHING_SAID } from './said-so-far.js';
import type { DeltaEvent, LostUsage, OpenWait, RunEvent, RunRetrying } from './run-event.js';
import type { StepCheckpoint } from './step-checkpoint.js';

/** What is known of a run from earlier attempts. */
export interface ResumedRun {
  /** The number of this attempt, as the store and clients count; for `run-resumed`. */
  readonly epoch: number;
  /**
   * How often the run has been started, this attempt included: 2, 3 and so on. Continuing after a wait does not count.
   */
  readonly attempt: number;
  /** Its log up to now. */
  readonly history: RunHistory;
  /** All checkpoints stored by `keepStep`, after a round trip through JSON. In any order. */
  readonly steps: readonly StepCheckpoint[];
  /**
   * The outcomes of waits, by the keys of their steps preceded by those of the enclosing steps. Absent: none is over.
   */
  readonly answers?: ReadonlyMap<string, WaitAnswer>;
}

/** The outcome of a wait: a value, as plain JSON that fits the wait's class or schema, or a timeout. */
export type WaitAnswer = { readonly value: JsonValue } | { readonly isExpired: true };

/** Deltas of one step that are void: those from one number of the log to another. */
interface VoidSpeech {
  readonly node: string;
  readonly from: number;
  readonly to: number;
}

/** Where the run's one output continues. */
export interface Continuation {
  /** In the order in which they spoke. */
  readonly voids: readonly VoidSpeech[];
  /** What readers have received, without the void parts. */
  readonly soFar: SaidSoFar;
  /** The same deltas in full, if the run has a trace; otherwise empty. */
  readonly said: readonly Delta[];
  /** Keys of the steps whose output readers have received and that are not void. */
  readonly speakers: ReadonlySet<string>;
  /** Keys of steps whose checkpoint cannot be used because their output is void. */
  readonly outdated: ReadonlySet<string>;
}

/** The output of one step in its turn: steps speak one after another. */
interface Speech {
  readonly node: string;
  readonly from: number;
  to: number;
  /** What readers had received before it. */
  readonly before: SaidSoFar;
  /** True if the step had finished before its turn: its checkpoint then holds all of it. */
  readonly isKept: boolean;
  /** Empty unless the run has a trace. */
  readonly said: Delta[];
}

/** Kinds of steps that always call models. Other nodes count if a model has named itself. */
const CALLS_MODELS: Readonly<Record<StepKind, boolean>> = {
  agent: true,
  'agent-streaming': true,
  node: false,
  route: false,
  workflow: false,
  interrupt: false,
};

/** The facts from a run's log that continuing the run needs. It reads all events of the log, one by one. */
export class RunHistory {
  readonly #separator: string;
  #soFar = NOTHING_SAID;
  #speeches: Speech[] = [];
  #seq = -1;
  /** Keys of all steps that have ever begun, including routes and nested workflows. */
  readonly #begun = new Set<string>();
  /** Keys of the visible nodes among them. */
  readonly #visible = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #branches = new Map<string, string>();
  /** Keys of the active nodes that have called models. */
  readonly #spending = new Set<string>();
  #hasLostUsage = false;
  #keepsDeltas = false;
  #resumptions = 0;
  #chargedTokens = 0;
  #lost: readonly LostUsage[] = [];
  /** The waits that were open when the run last waited, by step. */
  #waits: ReadonlyMap<string, OpenWait> = new Map();
  readonly #continued = new Set<string>();
  #isWaiting = false;
  #retryAt: number | undefined;

  /** @param workflow that of the run */
  constructor(workflow: Pick<CompiledWorkflow, 'separator'>) {
    this.#separator = workflow.separator;
  }

  /** The highest `seq` of an event; -1 if there are none. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** True if steps that called models have ended with their process, so that their usage is unknown. */
  get hasLostUsage(): boolean {
    return this.#hasLostUsage || this.#spending.size > 0;
  }

  /**
   * How often the run was started: once, and again after each lost process and each failure. Continuing after a wait
   * does not count.
   */
  get attempts(): number {
    return 1 + this.#resumptions;
  }

  /** How often the run has failed and was tried again. */
  get retries(): number {
    return this.#lost.length;
  }

  /** Usage of steps that had not finished when the run failed, over all failures. */
  get lostUsage(): readonly LostUsage[] {
    return this.#lost;
  }

  /** Tokens that the run had used when it last waited, and those lost since, including estimates. */
  get chargedTokens(): number {
    return this.#chargedTokens;
  }

  /**
   * Takes the next event of the log.
   * @param number its number in the log
   */
  take(event: RunEvent, number: number): void {
    this.#seq = Math.max(this.#seq, event.seq);
    this.#isWaiting = event.type === 'run-waiting';
    this.#retryAt = event.type === 'run-retrying' ? event.retryAt : undefined;
    switch (event.type) {
      case 'node-started':
        this.#begun.add(event.node);
        this.#ended.delete(event.node);
        if (event.visible && event.kind !== 'workflow') this.#visible.add(event.node);
        if (CALLS_MODELS[event.kind]) this.#spending.add(event.node);
        break;
      case 'route-taken':
        this.#begun.add(event.node);
        this.#branches.set(event.node, event.branch);
        break;
      case 'node-finished':
        this.#ended.add(event.node);
        this.#spending.delete(event.node);
        break;
      case 'node-failed':
        if (event.recovered) this.#ended.add(event.node);
        this.#spending.delete(event.node);
        break;
      case 'model-identified':
        this.#spending.add(event.node);
        break;
      case 'delta':
        this.#takeDelta(event, number);
        break;
      case 'node-restarted':
        this.#takeBack(event);
        break;
      case 'run-waiting':
        this.#waits = new Map(event.waits.map((wait) => [wait.node, wait]));
        this.#chargedTokens = (event.usage?.total_tokens ?? 0) + (event.unreportedTokens ?? 0);
        break;
      case 'run-continued':
        this.#continued.add(event.name);
        break;
      case 'run-retrying':
        this.#lose(event);
        break;
      case 'run-started':
        this.#keepsDeltas = event.traceId !== undefined;
        break;
      case 'run-resumed':
        this.#resumptions++;
        this.#hasLostUsage = this.hasLostUsage;
        this.#spending.clear();
        break;
      case 'node-progress':
      case 'run-finished':
      case 'run-failed':
        break;
      default:
        assertNever(event);
    }
  }

  /** True if the log ends with a wait, so that the run continues after the wait and no lost process counts. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /**
   * When the run is tried again, in milliseconds since the Unix epoch, if the log ends with a failure and not with a
   * lost process; else undefined.
   */
  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  /** A wait as it was asked before; undefined: it was not. */
  findWait(node: string): OpenWait | undefined {
    return this.#waits.get(node);
  }

  /** True if the end of a wait was reported. */
  hasContinued(name: string): boolean {
    return this.#continued.has(name);
  }

  /** True if a step has ever begun, or has chosen its branch. */
  hasBegun(node: string): boolean {
    return this.#begun.has(node);
  }

  /** True if it was reported that a step has finished, or continues with a substitute output. */
  hasEnded(node: string): boolean {
    return this.#ended.has(node);
  }

  /** The reported branch of a route; undefined if there is none. */
  findBranch(node: string): string | undefined {
    return this.#branches.get(node);
  }

  /**
   * Finds the part of the log that stays valid. The output of a step that must run again is void, and so is everything
   * after it.
   * @param steps the checkpoints that can be used, by node
   */
  findContinuation(steps: ReadonlyMap<string, StepCheckpoint>): Continuation {
    const outdated = new Set<string>();
    let cut = this.#findCut(steps, outdated);
    for (;;) {
      const lost = this.#speeches
        .slice(cut)
        .filter(({ node, isKept }) => !isKept && steps.has(node) && !outdated.has(node));
      if (lost.length === 0) break;
      for (const { node } of lost) outdated.add(node);
      cut = this.#findCut(steps, outdated);
    }
    const soFar = this.#speeches[cut]?.before ?? this.#soFar;
    const kept = this.#speeches.slice(0, cut);
    const speakers = new Set(kept.map(({ node }) => node));
    return {
      voids: this.#speeches.slice(cut).map(({ node, from, to }) => ({ node, from, to })),
      soFar,
      said: kept.flatMap(({ said }) => said),
      speakers,
      outdated,
    };
  }

  /** Index of the first void speech; the number of speeches if none is void. */
  #findCut(steps: ReadonlyMap<string, StepCheckpoint>, outdated: ReadonlySet<string>): number {
    const { length } = this.#speeches;
    const index = this.#speeches.findIndex(({ node, before, isKept }, position) => {
      // The result of a run without visible steps belongs to no step, and continues where it stopped.
      if (!this.#visible.has(node)) return false;
      const step = steps.get(node);
      if (step === undefined || outdated.has(node)) return true;
      return isKept && position === length - 1 && !hasSaidAll(before, this.#soFar, step, this.#separator);
    });
    return index < 0 ? length : index;
  }

  #takeDelta(event: DeltaEvent, number: number): void {
    const { node } = event;
    const last = this.#speeches.at(-1);
    if (last?.node === node) last.to = number;
    else {
      const isKept = this.#ended.has(node);
      this.#speeches.push({ node, from: number, to: number, before: this.#soFar, isKept, said: [] });
    }
    if (this.#keepsDeltas) this.#speeches.at(-1)?.said.push(event.delta);
    this.#soFar = addSaid(this.#soFar, event, this.#separator);
  }

  #lose({ lost }: RunRetrying): void {
    this.#lost = [...this.#lost, lost];
    this.#chargedTokens += countLostTokens(lost);
  }

  /** Removes a speech, and everything after it, as void. */
  #takeBack({ from }: VoidSpeech): void {
    const index = this.#speeches.findIndex((speech) => speech.from === from);
    const first = this.#speeches[index];
    if (first === undefined) return;
    this.#soFar = first.before;
    this.#speeches = this.#speeches.slice(0, index);
  }
}

/** Tokens of steps that run again, including estimates. */
export function countLostTokens({ usage, unreportedTokens = 0 }: LostUsage): number {
  return (usage?.total_tokens ?? 0) + unreportedTokens;
}
