import { assertNever, type JsonValue } from '../kernel/index.js';
import type { Delta } from '../streaming/index.js';
import type { CompiledWorkflow, StepKind } from '../workflow/index.js';
import { hasFullyHeard, hear, type Heard, NOTHING_HEARD } from './heard.js';
import type { DeltaEvent, LostUsage, OpenWait, RunEvent, RunRetrying } from './run-event.js';
import type { StepCheckpoint } from './step-checkpoint.js';

/** What is known of a run from before its process ended. */
export interface ResumedRun {
  /** The number of this attempt, as its store and its clients count; for `run-resumed`. */
  readonly epoch: number;
  /** How often the run has been begun with this time: 2, 3 and so on. A wait that is over is no beginning. */
  readonly attempt: number;
  /** Its log up to now. */
  readonly history: RunHistory;
  /** All that was kept by `keepStep`, after a round trip through JSON. In any order. */
  readonly steps: readonly StepCheckpoint[];
  /** What came of the waits, by the keys of their steps with those of the enclosing steps. Absent: none is over. */
  readonly answers?: ReadonlyMap<string, WaitAnswer>;
}

/** What came of a wait: a value, as plain JSON that fits the wait's class or schema, or nothing in time. */
export type WaitAnswer = { readonly value: JsonValue } | { readonly isExpired: true };

/** Deltas of one step that are void: those from one number of the log to another. */
export interface VoidSpeech {
  readonly node: string;
  readonly from: number;
  readonly to: number;
}

/** Where the run's one output goes on. */
export interface Continuation {
  /** In the order in which they spoke. */
  readonly voids: readonly VoidSpeech[];
  /** What readers have heard, without what is void. */
  readonly heard: Heard;
  /** The same in full, if the run is traced; else empty. */
  readonly said: readonly Delta[];
  /** Keys of the steps that were heard, and are not void. */
  readonly speakers: ReadonlySet<string>;
  /** Keys of steps whose checkpoint is of no use: what they said while they ran is void. */
  readonly outdated: ReadonlySet<string>;
}

/** What one step said in one go: steps speak one after another. */
interface Speech {
  readonly node: string;
  readonly from: number;
  to: number;
  /** What had been heard before. */
  readonly before: Heard;
  /** True if the step had finished before: then all of it stands in its checkpoint. */
  readonly isKept: boolean;
  /** Empty unless the run is traced. */
  readonly said: Delta[];
}

/** Steps whose agents call models in any case. Other nodes do if a model has named itself. */
const CALLS_MODELS: ReadonlySet<StepKind> = new Set(['agent', 'agent-streaming']);

/**
 * What the log of a run tells whoever goes on with the run. It is given all events of the log, one by one, and keeps a few facts of
 * them.
 */
export class RunHistory {
  readonly #separator: string;
  #heard = NOTHING_HEARD;
  #speeches: Speech[] = [];
  #seq = -1;
  /** Keys of the steps that have begun at some time, routes and nested workflows among them. */
  readonly #begun = new Set<string>();
  /** Keys of the nodes among them that clients hear. */
  readonly #visible = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #branches = new Map<string, string>();
  /** Keys of the nodes at work that have called models. */
  readonly #spending = new Set<string>();
  #hasLostUsage = false;
  #isTraced = false;
  #resumptions = 0;
  #toldTokens = 0;
  #lost: readonly LostUsage[] = [];
  /** The waits that were open when the run waited last, by node. */
  #waits: ReadonlyMap<string, OpenWait> = new Map();
  readonly #continued = new Set<string>();
  #isWaiting = false;
  #isRetrying = false;

  /** @param workflow that of the run */
  constructor(workflow: Pick<CompiledWorkflow, 'separator'>) {
    this.#separator = workflow.separator;
  }

  /** The highest `seq` of an event; -1 if there are none. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** True if steps that called models have ended with their process: nobody knows what they used. */
  get hasLostUsage(): boolean {
    return this.#hasLostUsage || this.#spending.size > 0;
  }

  /** How often the run was begun: once, and again after each process that ended without it and each failure. Answers do not count. */
  get attempts(): number {
    return 1 + this.#resumptions;
  }

  /** How often the run has failed and was to be tried again. */
  get retries(): number {
    return this.#lost.length;
  }

  /** What was used by steps that had not finished when the run failed, each time. */
  get lostUsage(): readonly LostUsage[] {
    return this.#lost;
  }

  /** Tokens that the run had used when it waited last, and what it has lost since; estimated ones among them. */
  get toldTokens(): number {
    return this.#toldTokens;
  }

  /**
   * Takes the next event of the log.
   * @param number its number in the log
   */
  take(event: RunEvent, number: number): void {
    this.#seq = Math.max(this.#seq, event.seq);
    this.#isWaiting = event.type === 'run-waiting';
    this.#isRetrying = event.type === 'run-retrying';
    switch (event.type) {
      case 'node-started':
        this.#begun.add(event.node);
        this.#ended.delete(event.node);
        if (event.visible && event.kind !== 'workflow') this.#visible.add(event.node);
        if (CALLS_MODELS.has(event.kind)) this.#spending.add(event.node);
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
        this.#toldTokens = (event.usage?.total_tokens ?? 0) + (event.untoldTokens ?? 0);
        break;
      case 'run-continued':
        this.#continued.add(event.name);
        break;
      case 'run-retrying':
        this.#lose(event);
        break;
      case 'run-started':
        this.#isTraced = event.traceId !== undefined;
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

  /** True if the log ends where the run waits: nobody has died, and it goes on with what it waited for. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** True if the log ends where the run has failed and is tried again: nobody has died. */
  get isRetrying(): boolean {
    return this.#isRetrying;
  }

  /** A wait as it was asked for before; undefined: it was not. */
  findWait(node: string): OpenWait | undefined {
    return this.#waits.get(node);
  }

  /** True if it was told that a wait is over. */
  hasContinued(name: string): boolean {
    return this.#continued.has(name);
  }

  /** True if a step was at work at some time, or has chosen its branch. */
  hasBegun(node: string): boolean {
    return this.#begun.has(node);
  }

  /** True if it was told that a step has finished, or goes on with a substitute output. */
  hasEnded(node: string): boolean {
    return this.#ended.has(node);
  }

  /** The branch that a route was told to have taken; undefined if it has not come to that. */
  findBranch(node: string): string | undefined {
    return this.#branches.get(node);
  }

  /**
   * Finds what of the log stays heard. Void is what was said by a step that has to run again, and whatever came behind that.
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
    const heard = this.#speeches[cut]?.before ?? this.#heard;
    const kept = this.#speeches.slice(0, cut);
    const speakers = new Set(kept.map(({ node }) => node));
    return {
      voids: this.#speeches.slice(cut).map(({ node, from, to }) => ({ node, from, to })),
      heard,
      said: kept.flatMap(({ said }) => said),
      speakers,
      outdated,
    };
  }

  /** Index of the first speech that is void; the number of all if none is. */
  #findCut(steps: ReadonlyMap<string, StepCheckpoint>, outdated: ReadonlySet<string>): number {
    const { length } = this.#speeches;
    const index = this.#speeches.findIndex(({ node, before, isKept }, position) => {
      // The result of a run without visible steps is no step's speech, and goes on where it was left.
      if (!this.#visible.has(node)) return false;
      const step = steps.get(node);
      if (step === undefined || outdated.has(node)) return true;
      return isKept && position === length - 1 && !hasFullyHeard(before, this.#heard, step, this.#separator);
    });
    return index < 0 ? length : index;
  }

  #takeDelta(event: DeltaEvent, number: number): void {
    const { node } = event;
    const last = this.#speeches.at(-1);
    if (last?.node === node) last.to = number;
    else {
      const isKept = this.#ended.has(node);
      this.#speeches.push({ node, from: number, to: number, before: this.#heard, isKept, said: [] });
    }
    if (this.#isTraced) this.#speeches.at(-1)?.said.push(event.delta);
    this.#heard = hear(this.#heard, event, this.#separator);
  }

  #lose({ lost }: RunRetrying): void {
    this.#lost = [...this.#lost, lost];
    this.#toldTokens += countLostTokens(lost);
  }

  /** What a speech said, and whatever came behind it, has been declared void. */
  #takeBack({ from }: VoidSpeech): void {
    const index = this.#speeches.findIndex((speech) => speech.from === from);
    const first = this.#speeches[index];
    if (first === undefined) return;
    this.#heard = first.before;
    this.#speeches = this.#speeches.slice(0, index);
  }
}

/** Tokens of steps that run again, estimated ones among them. */
export function countLostTokens({ usage, untoldTokens = 0 }: LostUsage): number {
  return (usage?.total_tokens ?? 0) + untoldTokens;
}
