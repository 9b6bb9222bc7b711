import { formatStackForLog, InterruptedStepError } from '../errors/index.js';
import { assertNever } from '../kernel/index.js';
import type { CompiledScope, CompiledWorkflow, NodeStep, RunLogger } from '../workflow/index.js';
import { NOTHING_SAID } from './said-so-far.js';
import type { OpenWait } from './run-event.js';
import type { Continuation, ResumedRun, WaitAnswer } from './run-history.js';
import type { SpeakingOrder } from './speaking-order.js';
import type { StepCheckpoint } from './step-checkpoint.js';
import { makeFingerprint, reviveOutput } from './step-output.js';

/** A step that finished before the run was resumed. */
export interface RestoredStep {
  readonly step: NodeStep;
  readonly checkpoint: StepCheckpoint;
  /** Restored from the store. */
  readonly output: unknown;
}

/** The place of a step in a run's workflow. */
interface Position {
  readonly step: NodeStep;
  /** Keys of the enclosing steps, each followed by a slash. */
  readonly path: string;
}

/** The checkpoints of a logged run's steps: those stored before it was resumed, and new ones. */
export class Checkpoints {
  readonly #keep: (checkpoint: StepCheckpoint) => void;
  readonly #resumed: ResumedRun | undefined;
  #next: number;
  #steps = new Map<string, RestoredStep>();
  /** By the path of their workflow, in the order in which they finished. */
  readonly #byPath = new Map<string, RestoredStep[]>();
  /** Keys of the steps whose whole output readers have received. */
  #speakers: ReadonlySet<string> = new Set();
  /** Keys of finished steps that run again. */
  #again: readonly string[] = [];
  /** Keys of active steps that must not run again. */
  readonly #once = new Set<string>();

  /**
   * @param keep stores a checkpoint
   * @param settle see {@link Checkpoints.settle}
   */
  constructor(
    keep: (checkpoint: StepCheckpoint) => void,
    resumed: ResumedRun | undefined,
    readonly settle: () => Promise<void>,
  ) {
    this.#keep = keep;
    this.#resumed = resumed;
    this.#next = resumed?.steps.reduce((next, { index }) => Math.max(next, index + 1), 0) ?? 0;
  }

  /** True if a step that must not be repeated has begun and not finished. */
  get mustNotRunAgain(): boolean {
    return this.#once.size > 0;
  }

  /** Records the start of a step that must not be repeated. Resolves once this is stored. */
  beginOnce(node: string): Promise<void> {
    this.#once.add(node);
    return this.settle();
  }

  /** True if the output of a step broke off before the run was resumed. */
  get isBrokenOff(): boolean {
    return [...this.#steps.values()].some(({ checkpoint }) => checkpoint.brokenOff === true);
  }

  /**
   * Restores the outputs of finished steps, and finds the void parts of the run's output. A step whose checkpoint no
   * longer fits the workflow runs again.
   * @throws InterruptedStepError if a step would run again that must not
   */
  async restore(workflow: CompiledWorkflow, log: RunLogger): Promise<Pick<Continuation, 'voids' | 'soFar' | 'said'>> {
    if (this.#resumed === undefined) return { voids: [], soFar: NOTHING_SAID, said: [] };
    const { history, steps } = this.#resumed;
    const positions = new Map(listNodes(workflow.scope, ''));
    const usable = new Map<string, StepCheckpoint>();
    const revived = new Map<string, RestoredStep & Position>();
    for (const checkpoint of steps.toSorted((one, other) => one.index - other.index)) {
      const position = positions.get(checkpoint.node);
      const kept = position && (await revive(checkpoint, position, log));
      if (kept === undefined) continue;
      usable.set(checkpoint.node, checkpoint);
      revived.set(checkpoint.node, kept);
    }
    const { outdated, speakers, voids, soFar, said } = history.findContinuation(usable);
    this.#speakers = speakers;
    for (const [node, kept] of revived) {
      if (outdated.has(node)) continue;
      this.#steps.set(node, kept);
      const ofPath = this.#byPath.get(kept.path);
      if (ofPath === undefined) this.#byPath.set(kept.path, [kept]);
      else ofPath.push(kept);
    }
    this.#again = steps.map(({ node }) => node).filter((node) => !this.#steps.has(node));
    for (const [node, { step }] of positions) {
      if (step.runsOnce && history.hasBegun(node) && !this.#steps.has(node)) throw new InterruptedStepError(node);
    }
    return { voids, soFar, said };
  }

  /** A step that need not run again; undefined if it must. */
  find(node: string): RestoredStep | undefined {
    return this.#steps.get(node);
  }

  /** The finished steps of one workflow, in the order in which they finished. */
  list(path: string): readonly RestoredStep[] {
    return this.#byPath.get(path) ?? [];
  }

  /** True if a step was active before the run was resumed. */
  hasBegun(node: string): boolean {
    return this.#resumed?.history.hasBegun(node) === true;
  }

  /**
   * True if the start of a nested workflow was reported before the run waited, and the workflow continues after the
   * wait.
   */
  isAtWork(node: string): boolean {
    const history = this.#resumed?.history;
    return history?.isWaiting === true && history.hasBegun(node) && !history.hasEnded(node);
  }

  /** True if the end of a nested workflow was reported before the run was resumed. */
  hasEnded(node: string): boolean {
    return this.#resumed?.history.hasEnded(node) === true && !this.#again.some((again) => again.startsWith(`${node}/`));
  }

  /** The outcome of a wait before the run was resumed; undefined: it is open. */
  findAnswer(node: string): WaitAnswer | undefined {
    return this.#resumed?.answers?.get(node);
  }

  /** A wait as it was asked for before the run was resumed. */
  findWait(node: string): OpenWait | undefined {
    return this.#resumed?.history.findWait(node);
  }

  /** True if the end of a wait was reported before the run was resumed. */
  hasContinued(name: string): boolean {
    return this.#resumed?.history.hasContinued(name) === true;
  }

  /** The branch that was reported before the run was resumed. */
  findBranch(node: string): string | undefined {
    return this.#resumed?.history.findBranch(node);
  }

  /**
   * Emits the output that a finished step had buffered for its turn, unless readers received it before the run was
   * resumed.
   */
  sayUnsaid({ step, checkpoint: { node, unsaid = [] } }: RestoredStep, order: SpeakingOrder): void {
    if (this.#speakers.has(node)) return;
    const { debounceMs } = step.instance;
    for (const delta of unsaid) order.say({ node, debounceMs }, delta);
  }

  /** Stores a finished step. */
  keep(step: NodeStep, facts: Omit<StepCheckpoint, 'index' | 'fingerprint'>): void {
    this.#once.delete(facts.node);
    this.#keep({ ...facts, index: this.#next++, fingerprint: makeFingerprint(step) });
  }
}

/** Identifies each step, also those of nested workflows, so that the checkpoint of a changed step is not used. */
export function listFingerprints(
  workflow: CompiledWorkflow,
): readonly (readonly [node: string, fingerprint: string])[] {
  return Array.from(listNodes(workflow.scope, ''), ([node, { step }]) => [node, makeFingerprint(step)] as const);
}

async function revive(
  checkpoint: StepCheckpoint,
  { step, path }: Position,
  log: RunLogger,
): Promise<(RestoredStep & Position) | undefined> {
  if (checkpoint.fingerprint !== makeFingerprint(step)) return undefined;
  try {
    return { step, path, checkpoint, output: await reviveOutput(checkpoint.output, step) };
  } catch (error) {
    const words = 'has a finished step whose output no longer fits its class or schema: the step runs again';
    log.step(checkpoint.node).write('warn', words, {}, formatStackForLog(error));
    return undefined;
  }
}

/** Lists the steps of a workflow and of those inside it, by their keys with those of the enclosing steps. */
function* listNodes(scope: CompiledScope, path: string): Generator<[string, Position]> {
  for (const step of scope.steps) {
    switch (step.kind) {
      case 'node':
        yield [path + step.key, { step, path }];
        break;
      case 'route':
        for (const branch of step.branches.values()) yield* listNodes(branch, path);
        break;
      case 'workflow':
        yield* listNodes(step.workflow.scope, `${path}${step.key}/`);
        break;
      case 'interrupt':
        break;
      default:
        assertNever(step);
    }
  }
}
