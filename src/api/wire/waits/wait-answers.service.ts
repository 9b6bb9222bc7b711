import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../../config/index.js';
import { ConflictError, InvalidRequestError, NotFoundError } from '../../../errors/index.js';
import type { JsonLimits } from '../../../kernel/index.js';
import { type AnsweredRun, type LoggedRun, type RequestWatch, RunWaits } from '../../../runs/index.js';
import type { CompiledWorkflow } from '../../../workflow/index.js';
import { scanJson } from '../json/index.js';

/** Most levels of objects and arrays in an answer. */
const DEEPEST = 100;
/** Most characters of an answer, which is stored as long as its run. */
const LONGEST = 64 * 1024;

/** The output of a call from a client. */
export interface CallOutput {
  readonly callId: string;
  /** JSON, if the call belongs to a wait. */
  readonly text: string;
}

/** Outputs of calls that a workflow waits for. */
export interface GivenOutputs {
  readonly outputs: readonly CallOutput[];
  /** Id of the caller. */
  readonly owner: string;
  /** The workflow that the client names as its model. */
  readonly workflow: Pick<CompiledWorkflow, 'id'>;
  /** Their parameter in the request. */
  readonly param: 'messages' | 'input';
  /** The segment for the client from here on, once the run continues. */
  readonly segment: { readonly id: string; readonly head: string };
  /** Notified of the run, if the client waits for it. */
  readonly watch?: RequestWatch | undefined;
}

/** Takes answers to waits from clients that give them as outputs of calls. */
@Injectable()
export class WaitAnswers {
  readonly #limits: JsonLimits;

  constructor(
    config: AppConfig,
    private readonly waits: RunWaits,
  ) {
    this.#limits = { values: config.http.maxJsonValues, depth: DEEPEST };
  }

  /**
   * Answers the waits of a run.
   * @throws NotFoundError if the caller has no run of this workflow with these calls; InvalidRequestError for outputs
   *   that are not JSON, or of different runs; and what {@link RunWaits.answer} throws
   */
  async answer({ outputs, owner, workflow, param, segment, watch }: GivenOutputs): Promise<AnsweredRun> {
    const values = new Map<string, unknown>();
    let run: LoggedRun | undefined;
    for (const { callId, text } of outputs) {
      const found = await this.waits.findByCall(callId, owner);
      if (found === undefined || found.run.workflow !== workflow.id) throw makeUnknownCallError(callId, param);
      const { name } = found.wait;
      if (run !== undefined && run.id !== found.run.id) {
        throw new InvalidRequestError(
          'These calls were made by different runs. Give the output of each in a request of its own.',
          { param, code: 'invalid_value' },
        );
      }
      if (values.has(name)) {
        throw new InvalidRequestError(`There are two outputs of the call "${name}". Give one.`, {
          param,
          code: 'invalid_value',
        });
      }
      run = found.run;
      values.set(name, this.#parse(name, text, param));
    }
    if (run === undefined) throw new Error('There is no output');
    const answers = [...values].map(([name, value]) => ({ name, value }));
    return this.waits.answer({ run, values: answers, param, segment, watch });
  }

  /** @param wait its name */
  #parse(wait: string, text: string, param: string): unknown {
    const problem = this.#findProblem(text);
    if (problem === undefined) return JSON.parse(text);
    throw new InvalidRequestError(
      `Invalid output of the call "${wait}": ${problem}. Give the answer as JSON that fits its schema: see GET /models/{id}.`,
      { param, code: 'invalid_value' },
    );
  }

  #findProblem(text: string): string | undefined {
    if (text.length > LONGEST) return `it has more than ${LONGEST} characters`;
    const fault = scanJson(Buffer.from(text), this.#limits);
    if (typeof fault !== 'number') return PROBLEMS[fault.kind];
    try {
      JSON.parse(text);
      return undefined;
    } catch {
      // The parser's message quotes the text.
      return 'it is not JSON';
    }
  }
}

const PROBLEMS = {
  'too many values': 'it has more JSON values than this server takes',
  'too deep': `it is nested more than ${DEEPEST} levels deep`,
  'misread number': 'it has a number that cannot be kept exactly: beyond 2^53 most integers cannot',
} as const;

function makeUnknownCallError(callId: string, param: string): NotFoundError {
  return new NotFoundError(
    `No run of this workflow waits, or has waited, for the output of the call '${callId.slice(0, 64)}'. No new run was begun.`,
    { param, code: 'wait_not_found' },
  );
}

/** The error for an answer that was given before through another protocol, which has the result. */
export function makeAnsweredElsewhereError({ id }: Pick<LoggedRun, 'id'>): ConflictError {
  return new ConflictError(
    `This was already answered through another protocol. The events of the run ${id} show the result.`,
    'wait_already_answered',
  );
}

/** The error if runs cannot wait because nothing is stored. */
export function makeCannotWaitError(workflow: string): InvalidRequestError {
  return new InvalidRequestError(
    `The workflow \`${workflow}\` waits for answers, which needs stored runs, and RUNS is off.`,
    { code: 'runs_disabled' },
  );
}
