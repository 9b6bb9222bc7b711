/** The parts of a {@link WiringError}. */
export interface WiringProblem {
  /** Code of the fault that it becomes while `define` runs. */
  readonly code: string;
  readonly problem: string;
  readonly fix: string;
  /** Key of the step, if it concerns one. */
  readonly node?: string;
}

/** An author misuses a flow or a ref. In `define` it becomes a fault of the workflow; in code that runs later it is a bug. */
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
