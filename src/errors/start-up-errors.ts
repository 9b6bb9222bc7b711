/** One thing that is wrong in the definition of a workflow, found at start-up. */
export interface DefinitionFault {
  /** Stable word for the kind of fault, such as `duplicate_workflow_id`. */
  readonly code: string;
  /** Id of the workflow at fault, or the name of its class if it has no id. */
  readonly workflow: string;
  /** Class name or key of the node at fault; absent if no node is. */
  readonly node?: string;
  /** What is wrong. */
  readonly message: string;
  /** What the developer should do. */
  readonly fix: string;
}

/** Faults inside a fault are indented further than those that the title counts. */
const INSIDE = '\n    ';

/** The application cannot start. The message is all that the person who starts it needs, so no stack is shown. */
export abstract class StartUpError extends Error {
  constructor(title: string, lines: readonly string[]) {
    super([title, ...lines.map((line) => `  - ${line.replaceAll('\n', INSIDE)}`)].join('\n'));
    this.name = new.target.name;
  }
}

/** Some settings are wrong. The message lists all of them. */
export class ConfigurationError extends StartUpError {
  /** @param where the settings are */
  constructor(
    readonly faults: readonly string[],
    where = 'in the environment',
  ) {
    super(
      `Millrace cannot start: ${faults.length === 1 ? 'one setting is' : `${faults.length} settings are`} wrong ${where}.`,
      faults,
    );
  }
}

/** Some workflows cannot run as they are wired. The message lists all faults of all workflows. */
export class DefinitionError extends StartUpError {
  constructor(readonly faults: readonly DefinitionFault[]) {
    super(
      `Millrace cannot start: ${faults.length === 1 ? 'one fault' : `${faults.length} faults`} in the workflow definitions.`,
      faults.map(({ code, workflow, node, message, fix }) => {
        const place = `workflow "${workflow}"${node === undefined ? '' : `, step "${node}"`}`;
        const list = message.indexOf('\n  - ');
        const end = list === -1 ? message.length : list;
        return `[${code}] ${place}: ${message.slice(0, end)} ${fix}${message.slice(end)}`;
      }),
    );
  }
}
