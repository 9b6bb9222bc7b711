import type { AccessConfig, LimitsConfig } from '../config/index.js';
import { ForbiddenError } from '../errors/index.js';
import type { WorkflowPatterns } from './workflow-patterns.js';

/** What is known of a caller. */
interface CallerParts {
  /** Distinguishes callers of every kind: limits and kept responses are stored under it. */
  readonly id: string;
  /** For logs; undefined if no key or token is needed. */
  readonly name?: string;
  readonly limits: LimitsConfig;
  /** The workflows that the caller may use; undefined: all. */
  readonly workflows?: WorkflowPatterns | undefined;
  /** The user that a token names. */
  readonly userId?: string;
  /** True if the caller's own key says that it may look inside its runs. */
  readonly inspects?: boolean;
}

/** Prefix of the ids of callers with tokens. */
export const TOKEN_ID = 'sub:';

/** The sender of a request: the holder of a key or token, or anybody if none is needed. */
export class Caller {
  readonly id: string;
  readonly name: string | undefined;
  readonly limits: LimitsConfig;
  readonly userId: string | undefined;
  readonly #inspects: boolean;
  readonly #workflows: WorkflowPatterns | undefined;

  constructor({ id, name, limits, workflows, userId, inspects = false }: CallerParts) {
    this.id = id;
    this.name = name;
    this.limits = limits;
    this.userId = userId;
    this.#inspects = inspects;
    this.#workflows = workflows;
  }

  /**
   * Whether the caller may look inside its own runs: see the inputs and outputs of its models and tools.
   * @param allowed the value of `RUNS_INSPECT`
   */
  mayInspect(allowed: AccessConfig['inspect']): boolean {
    if (this.#inspects || allowed === true) return true;
    return allowed !== false && this.name !== undefined && !this.id.startsWith(TOKEN_ID) && allowed.includes(this.name);
  }

  /** @param workflow an id, not an alias */
  mayUse(workflow: string): boolean {
    return this.#workflows === undefined || this.#workflows.match(workflow);
  }

  /**
   * @param model the name that was asked for, for the message
   * @throws ForbiddenError if this caller may not use the workflow
   */
  assertMayUse(workflow: string, model: string): void {
    if (!this.mayUse(workflow)) throw new ForbiddenError(model);
  }
}
