import type { LimitsConfig } from '../config/index.js';
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
}

/** The ids of callers with tokens begin so. */
export const TOKEN_ID = 'sub:';

/** Whoever sent a request: the holder of a key or token, or anybody where none is needed. */
export class Caller {
  readonly id: string;
  readonly name: string | undefined;
  readonly limits: LimitsConfig;
  readonly userId: string | undefined;
  readonly #workflows: WorkflowPatterns | undefined;

  constructor({ id, name, limits, workflows, userId }: CallerParts) {
    this.id = id;
    this.name = name;
    this.limits = limits;
    this.userId = userId;
    this.#workflows = workflows;
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
