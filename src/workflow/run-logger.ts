import { Logger } from '@nestjs/common';
import {
  type AbortCause,
  InternalError,
  formatStackForLog,
  type MillraceError,
  RunAbortedError,
  UpstreamError,
} from '../errors/index.js';
import type { ModelName } from '../models/index.js';

/** `debug`: details; `log`: useful to an operator; `warn`: needs attention; `error`: a bug. */
type LineLevel = 'debug' | 'log' | 'warn' | 'error';

/**
 * Facts of a log line by name; undefined ones are left out. They never hold text of a client, a model or a tool, nor secrets.
 */
type LineFacts = Readonly<Record<string, string | number | undefined>>;

/** A request to a model, as log lines name it. */
export interface CallName extends ModelName {
  /** Address of the provider, without secrets; absent if it runs in this process. */
  readonly address?: string | undefined;
  /** Number of the request to this model for one output, counted from 1. */
  readonly attempt: number;
  /** The provider's id of the request; undefined if it named none. */
  readonly upstream_request_id?: string | undefined;
}

/** Ids of a run: those in the access log and the response, and that of the trace. */
interface RunIds {
  readonly workflow?: string;
  readonly run_id?: string;
  readonly request_id?: string | undefined;
  readonly trace_id?: string | undefined;
}

/** A step that failed, or was running when the run was ended. */
interface EndedStep {
  /** Its key, preceded by those of the enclosing steps. */
  readonly node: string;
  /** The request to a model that failed or was open; undefined if there was none. */
  readonly call: CallName | undefined;
}

/** Levels of the lines about runs that were ended. A client that leaves and a server that stops are not failures. */
const LEVELS: Readonly<Record<AbortCause, LineLevel>> = {
  client_disconnected: 'debug',
  cancelled: 'log',
  deadline: 'warn',
  shutdown: 'log',
};
const logger = new Logger('Run');
/** Longest cause in a line, in characters. */
const LONGEST_CAUSE = 500;

/** Writes the log lines about one run. Each holds the ids of the run. */
export class RunLogger {
  readonly #ids: RunIds;
  #failedStep: EndedStep | undefined;
  readonly #abortedSteps: EndedStep[] = [];

  constructor(ids: RunIds = {}) {
    this.#ids = ids;
  }

  /** Id of the run; undefined if there is none. */
  get id(): string | undefined {
    return this.#ids.run_id;
  }

  /** The name of the run in the log. */
  get name(): string {
    return [this.#ids.workflow, this.#ids.run_id].filter((part) => part !== undefined).join(' ');
  }

  /** The first step that failed without a substitute output; undefined if there is none. */
  get failedStep(): EndedStep | undefined {
    return this.#failedStep;
  }

  /** Notes a step that failed; the first one explains the failure of the run. */
  noteFailedStep(node: string, call: CallName | undefined): void {
    this.#failedStep ??= { node, call };
  }

  /** Notes a step that was running when the run was ended. */
  noteAbortedStep(node: string, call: CallName | undefined): void {
    this.#abortedSteps.push({ node, call });
  }

  /**
   * Writes why the run failed, and in which step.
   * @param retryAt when it is tried again, in milliseconds since the Unix epoch; undefined: it is not
   */
  writeFailure(error: MillraceError, retryAt?: number): void {
    const { words, facts } = describeFailure(error);
    const retried = retryAt === undefined ? '' : `, and is tried again at ${new Date(retryAt).toISOString()}`;
    if (error instanceof RunAbortedError) {
      const node = this.#abortedSteps.map((openStep) => openStep.node).join(',') || undefined;
      const call = this.#abortedSteps.find((step) => step.call !== undefined)?.call;
      this.write(LEVELS[error.abortCause], `aborted: ${error.abortCause}`, { node, ...call, ...facts });
      return;
    }
    const where = { node: this.#failedStep?.node, ...this.#failedStep?.call };
    if (error instanceof InternalError) {
      this.write('error', `failed by a bug${retried}`, { ...where, ...facts }, formatStackForLog(error.cause));
    } else {
      this.write('warn', `failed${retried}: ${words}`, { ...where, ...facts });
    }
  }

  /** Opens the log of one step. */
  step(node?: string): StepLogger {
    return new StepLogger(this, node);
  }

  /**
   * Writes one line.
   * @param words the message after the name of the run
   * @param stack the stack of the error; the line then has the level `error`
   */
  write(level: LineLevel, words: string, facts: LineFacts = {}, stack?: string): void {
    const { name } = this;
    const { request_id, run_id, trace_id, workflow } = this.#ids;
    const message = name === '' ? words : `${name} ${words}`;
    const fields = Object.fromEntries(
      Object.entries({ ...facts, workflow, request_id, run_id, trace_id }).filter(([, fact]) => fact !== undefined),
    );
    if (stack === undefined) logger[level](message, fields);
    else logger.error(message, fields, stack);
  }
}

/** Writes the log lines about one step of a run, and knows its requests to models. */
export class StepLogger {
  readonly #run: RunLogger;
  readonly #node: string | undefined;
  #lastCall: CallName | undefined;
  /** Failed requests by their error; made when the first one fails. */
  #failedCalls: WeakMap<object, CallName> | undefined;

  constructor(run: RunLogger, node?: string) {
    this.#run = run;
    this.#node = node;
  }

  /** The step's key, preceded by those of the enclosing steps; undefined outside of a run. */
  get node(): string | undefined {
    return this.#node;
  }

  /** The last request to a model; undefined if there was none. */
  get lastCall(): CallName | undefined {
    return this.#lastCall;
  }

  /** Notes a request to a model, or more facts about it. */
  noteCall(call: CallName): void {
    this.#lastCall = call;
  }

  /** Notes that this request failed with what was thrown. */
  noteFailedCall(thrown: object, call: CallName): void {
    this.#failedCalls ??= new WeakMap();
    this.#failedCalls.set(thrown, call);
  }

  /**
   * Finds the request that failed with this error; undefined if none did. An output may turn out to be unusable after its
   * call has ended; then it is the last request.
   */
  findFailedCall(thrown: unknown): CallName | undefined {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    return this.#failedCalls?.get(thrown) ?? (thrown instanceof UpstreamError ? this.#lastCall : undefined);
  }

  /** Id of the run; undefined outside of one. */
  get run(): string | undefined {
    return this.#run.id;
  }

  /** See {@link RunLogger.write}. */
  write(level: LineLevel, words: string, facts: LineFacts = {}, stack?: string): void {
    this.#run.write(level, words, { node: this.#node, ...facts }, stack);
  }
}

/** Describes a failure for log lines, by its code and its cause. */
export function describeFailure(error: MillraceError): { readonly words: string; readonly facts: LineFacts } {
  const code = error.code ?? error.name;
  const cause = describeCause(error);
  return { words: cause === undefined ? code : `${code} (${cause})`, facts: { code, cause } };
}

/** For operators only. The message of an UpstreamError without a diagnostic is this server's own text. */
function describeCause(error: MillraceError): string | undefined {
  const cause = error.diagnostic ?? (error instanceof UpstreamError ? error.message : undefined);
  return cause === undefined ? undefined : cause.slice(0, LONGEST_CAUSE);
}
