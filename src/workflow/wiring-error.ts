/** What a {@link WiringError} is told of. */
export interface WiringProblem {
  /** Of the fault that it becomes while `define` runs. */
  readonly code: string;
  readonly problem: string;
  readonly fix: string;
  /** Key of the step that is concerned, if there is one. */
  readonly node?: string;
}

/**
 * An author uses a flow or a ref as it cannot be used. In `define` it becomes a fault of the workflow; in code that runs later it
 * is a bug, whose message says all.
 */
export class WiringError extends Error {
  readonly code: string;
  readonly problem: string;
  readonly fix: string;
  readonly node: string | undefined;

  constructor({ code, problem, fix, node }: WiringProblem) {
    const who = node === undefined ? '' : `The step "${node}": `;
    super(`${who}${problem} ${fix}`);
    this.name = 'WiringError';
    this.code = code;
    this.problem = problem;
    this.fix = fix;
    this.node = node;
  }
}
