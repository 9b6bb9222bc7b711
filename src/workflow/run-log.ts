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

/** `log`: what an operator wants to know; `warn`: what needs attention; `error`: a bug; `debug`: of interest to who looks for it. */
export type LineLevel = 'debug' | 'log' | 'warn' | 'error';

/**
 * What a line of the log says beside its words, by name; what is undefined is left out. Never what a client, a model or a tool
 * said, and no secrets.
 */
export type LineFacts = Readonly<Record<string, string | number | undefined>>;

/** A request to a model, as lines of the log name it. */
export interface CallName extends ModelName {
  /** Of the provider, without secrets; absent: it is a part of this process. */
  readonly address?: string | undefined;
  /** Which request to this model for one answer it is, counted from 1. */
  readonly attempt: number;
  /** The id by which the provider knows it; undefined: it has named none. */
  readonly upstream_request_id?: string | undefined;
}

/** By what a run is known: to the access log and the client, and to the tracing backend. */
export interface RunIds {
  readonly workflow?: string;
  readonly run_id?: string;
  readonly request_id?: string | undefined;
  readonly trace_id?: string | undefined;
}

/** A step that failed, or was at work when the run was ended. */
export interface EndedStep {
  /** Its key, behind those of the steps around it. */
  readonly node: string;
  /** The request to a model that failed or was open; undefined: none. */
  readonly call: CallName | undefined;
}

/** Of the lines about runs that were ended: a client that leaves, and a server that ends, are no failures. */
const LEVELS: Readonly<Record<AbortCause, LineLevel>> = {
  client_disconnected: 'debug',
  cancelled: 'log',
  deadline: 'warn',
  shutdown: 'log',
};
const logger = new Logger('Run');
/** Longest cause that a line tells, in characters. */
const LONGEST_CAUSE = 500;

/** The lines of the log about one run. Each has the ids by which the rest of what is known of it can be found. */
export class RunLog {
  readonly #ids: RunIds;
  #failedStep: EndedStep | undefined;
  readonly #abortedSteps: EndedStep[] = [];

  constructor(ids: RunIds = {}) {
    this.#ids = ids;
  }

  /** What the log calls the run. */
  get name(): string {
    return [this.#ids.workflow, this.#ids.run_id].filter((part) => part !== undefined).join(' ');
  }

  /** The first of its steps that failed and has no substitute output; undefined: none has. */
  get failedStep(): EndedStep | undefined {
    return this.#failedStep;
  }

  /** A step has failed, and the run does with it if it is the first. */
  noteFailedStep(node: string, call: CallName | undefined): void {
    this.#failedStep ??= { node, call };
  }

  /** A step was at work when the run was ended. */
  noteAbortedStep(node: string, call: CallName | undefined): void {
    this.#abortedSteps.push({ node, call });
  }

  /** Says why the run has failed: where it began, and in what. */
  writeFailure(error: MillraceError): void {
    const { words, facts } = describeFailure(error);
    if (error instanceof RunAbortedError) {
      const node = this.#abortedSteps.map((openStep) => openStep.node).join(',') || undefined;
      const call = this.#abortedSteps.find((step) => step.call !== undefined)?.call;
      this.write(LEVELS[error.abortCause], `aborted: ${error.abortCause}`, { node, ...call, ...facts });
      return;
    }
    const where = { node: this.#failedStep?.node, ...this.#failedStep?.call };
    if (error instanceof InternalError) {
      this.write('error', 'failed by a bug', { ...where, ...facts }, formatStackForLog(error.cause));
    } else {
      this.write('warn', `failed: ${words}`, { ...where, ...facts });
    }
  }

  /** Lines about one step. */
  step(node?: string): StepLog {
    return new StepLog(this, node);
  }

  /**
   * @param words what comes after the name of the run
   * @param stack of what was thrown, for the level `error`
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

/** The lines of the log about one step of a run, and which requests to models they are about. */
export class StepLog {
  readonly #run: RunLog;
  readonly #node: string | undefined;
  #lastCall: CallName | undefined;
  /** By what they failed with; made when the first one does. */
  #failedCalls: WeakMap<object, CallName> | undefined;

  constructor(run: RunLog, node?: string) {
    this.#run = run;
    this.#node = node;
  }

  /** The step's key, behind those of the steps around it; undefined outside of a run. */
  get node(): string | undefined {
    return this.#node;
  }

  /** The last request that went out to a model; undefined: none has. */
  get lastCall(): CallName | undefined {
    return this.#lastCall;
  }

  /** A request goes out to a model, or more is known of it. */
  noteCall(call: CallName): void {
    this.#lastCall = call;
  }

  /** It was this request that failed with what was thrown. */
  noteFailedCall(thrown: object, call: CallName): void {
    this.#failedCalls ??= new WeakMap();
    this.#failedCalls.set(thrown, call);
  }

  /**
   * The request that failed with this; undefined if none has. What is wrong with an answer may be seen after its call has ended
   * well: then it is the last one's.
   */
  findFailedCall(thrown: unknown): CallName | undefined {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    return this.#failedCalls?.get(thrown) ?? (thrown instanceof UpstreamError ? this.#lastCall : undefined);
  }

  /** See {@link RunLog.write}. */
  write(level: LineLevel, words: string, facts: LineFacts = {}, stack?: string): void {
    this.#run.write(level, words, { node: this.#node, ...facts }, stack);
  }
}

/** A failure as lines say it: its code, and its cause. */
export function describeFailure(error: MillraceError): { readonly words: string; readonly facts: LineFacts } {
  const code = error.code ?? error.name;
  const cause = describeCause(error);
  return { words: cause === undefined ? code : `${code} (${cause})`, facts: { code, cause } };
}

/** For operators only. The message of an upstream's failure is this server's own unless there is a diagnostic. */
function describeCause(error: MillraceError): string | undefined {
  const cause = error.diagnostic ?? (error instanceof UpstreamError ? error.message : undefined);
  return cause === undefined ? undefined : cause.slice(0, LONGEST_CAUSE);
}
