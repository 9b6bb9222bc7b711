/** The workflows that a caller may use: ids, in which `*` stands for any characters. */
export class WorkflowPatterns {
  readonly #pattern: RegExp;

  /** @param patterns none: no workflow at all */
  constructor(patterns: readonly string[]) {
    // Stars in a row count as one: each further star would multiply the ways in which an id can fail to match.
    const sources = patterns.map((pattern) => pattern.split(/\*+/).map(escapeForRegExp).join('.*'));
    this.#pattern = new RegExp(sources.length === 0 ? '(?!)' : `^(?:${sources.join('|')})$`, 's');
  }

  /** @param workflow an id, not an alias */
  match(workflow: string): boolean {
    return this.#pattern.test(workflow);
  }
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
