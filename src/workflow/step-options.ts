import { type OptionForm, readOptions } from './read-options.js';
import { readTimeout } from './read-timeout.js';
import { Ref } from './ref.js';
import type { WiringProblem } from './wiring-error.js';

/** Options of every step. */
export interface StepOptions {
  /** Steps that must finish before this one starts, although it takes nothing from them. */
  readonly after?: readonly Ref<unknown>[];
  /**
   * Its name in this workflow; needed if one agent or class is used more than once. Default: the name of the agent's field or
   * of the class.
   */
  readonly key?: string;
}

/** Options of a visible step. */
export interface StreamOptions<Output = unknown> extends StepOptions {
  /**
   * Gives a substitute output after a failure, so that the run continues. Not called if the run itself was aborted.
   * Text that has already been sent to the client stays.
   *
   * The error is a `MillraceError` if a model or an agent failed, or else whatever the step's own code threw: its message may
   * hold what a client must not read.
   */
  readonly onError?: (error: Error) => Output;
  /**
   * `fail`: a step that was active when its process ended, by a crash or a shutdown, is never run again: the logged run
   * fails with the code `interrupted`. For effects that must not happen twice, if `context.idempotencyKey` is of no use
   * there. Absent: the step runs again from its beginning.
   */
  readonly onInterruption?: 'fail';
}

/** Options of a silent step. */
export interface AskOptions<Output = unknown> extends StreamOptions<Output> {
  /**
   * Marks a step that runs for its effect and whose output is not needed. Without it, a silent step with an unused
   * output is a fault.
   */
  readonly effect?: boolean;
}

/** Options of code in place. */
export type CodeOptions<Output = unknown> = Omit<AskOptions<Output>, 'key'>;

/** Options of a node. */
export interface NodeOptions<Output = unknown> extends AskOptions<Output> {
  /** Keeps what the node yields from the client, so that it only feeds other steps. */
  readonly silent?: boolean;
}

/** Options of a nested workflow. */
export interface NestedOptions extends StepOptions {
  /** Keeps all its output from the client. */
  readonly silent?: boolean;
}

/** Options of a wait for an answer. */
export interface InterruptOptions<Output = unknown> extends Omit<StepOptions, 'key'> {
  /**
   * How long it waits: milliseconds, or a text such as `90s`, `15m`, `12h` or `3d`; at most 3650 days. Absent: for ever.
   */
  readonly timeout?: number | string;
  /** Returns the value if there was no answer in time. Absent: the run then fails with the code `wait_expired`. */
  readonly onTimeout?: () => Output;
}

/** What is wrong with the options of a step, without the step's key. */
export type OptionProblem = Omit<WiringProblem, 'node'>;

/** The options that each verb of a flow takes. */
interface OptionsOfVerb {
  readonly ask: AskOptions;
  readonly stream: StreamOptions;
  readonly run: CodeOptions;
  readonly node: NodeOptions;
  readonly route: StepOptions;
  readonly workflow: NestedOptions;
  readonly interrupt: InterruptOptions;
}

type Verb = keyof OptionsOfVerb;

type OptionName = keyof NodeOptions | keyof InterruptOptions;

const KNOWN: { readonly [V in Verb]: Readonly<Record<keyof OptionsOfVerb[V], true>> } = {
  ask: { key: true, after: true, onError: true, effect: true, onInterruption: true },
  stream: { key: true, after: true, onError: true, onInterruption: true },
  run: { after: true, onError: true, effect: true, onInterruption: true },
  node: { key: true, after: true, onError: true, effect: true, onInterruption: true, silent: true },
  route: { key: true, after: true },
  workflow: { key: true, after: true, silent: true },
  interrupt: { after: true, timeout: true, onTimeout: true },
};

/** What each option takes. Keys are checked with all other names. */
const FORMS: Readonly<Record<OptionName, OptionForm>> = {
  key: ['a text', (value) => typeof value === 'string'],
  after: [
    'a list of refs: { after: [ref] }',
    (value) => Array.isArray(value) && value.every((item) => item instanceof Ref),
  ],
  onError: ['a function that gives an output', (value) => typeof value === 'function'],
  onInterruption: ["the text 'fail'", (value) => value === 'fail'],
  effect: ['true or false', (value) => typeof value === 'boolean'],
  silent: ['true or false', (value) => typeof value === 'boolean'],
  timeout: ['milliseconds, or a text such as 90s, 15m, 12h or 3d', (value) => readTimeout(value) !== undefined],
  onTimeout: ['a function that gives a value', (value) => typeof value === 'function'],
};

/**
 * The options of a step, without those that cannot be used.
 * @param given as the author has written them; undefined: none
 */
export function readStepOptions<V extends Verb>(
  verb: V,
  given: unknown,
): { readonly options: OptionsOfVerb[V]; readonly problems: readonly OptionProblem[] } {
  const known = Object.keys(KNOWN[verb]) as OptionName[];
  const { options, faults } = readOptions(given, Object.fromEntries(known.map((name) => [name, FORMS[name]])));
  const problems = faults.map(({ problem, fix = `flow.${verb} takes ${known.join(', ')}.` }) =>
    makeProblem(problem, fix),
  );
  return { options, problems };
}

/** @param given what follows the options of an agent with text output */
export function findSurplus(given: unknown): readonly OptionProblem[] {
  if (given === undefined) return [];
  const problem = 'it has a fourth parameter, which has no effect: an agent that gives text has no channels.';
  return [makeProblem(problem, 'Give the options as the third: flow.stream(agent, input, options).')];
}

function makeProblem(problem: string, fix: string): OptionProblem {
  return { code: 'invalid_options', problem, fix };
}
