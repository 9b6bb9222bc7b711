import { createRequire } from 'node:module';
import type { Liquid, LiquidOptions, Template } from 'liquidjs';
import { describeValue, ensureError, isPresent } from '../../kernel/index.js';
import { type PromptInfo, readFrontMatter } from './front-matter.js';
import { PromptError } from './prompt-error.js';

/** Values for the variables of a prompt. */
export type PromptVariables = Readonly<Record<string, unknown>>;

const require = createRequire(import.meta.url);
let loaded: Liquid | undefined;

const OPTIONS: LiquidOptions = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  // An empty string and 0 are false, as in JavaScript.
  jsTruthy: true,
  // A prompt is a single file. Without this, `render` and `include` would read from the working directory.
  templates: {},
  outputEscape: writeValue,
};

/**
 * Loaded for the first prompt file, because many applications have none; by `require`, because prompts are read
 * synchronously.
 */
function loadLiquid(): Liquid {
  if (loaded !== undefined) return loaded;
  const liquidjs = require('liquidjs') as { readonly Liquid: new (options: LiquidOptions) => Liquid };
  return (loaded = new liquidjs.Liquid(OPTIONS));
}

/** A prompt file, parsed: a Liquid template (https://liquidjs.com) with optional YAML front matter. */
export class Prompt {
  readonly info: PromptInfo;
  readonly #file: string;
  readonly #template: Template[];
  readonly #uses: readonly string[];

  /**
   * @param file its path, for messages
   * @throws PromptError if it is empty, its syntax is wrong, or its front matter and its template name different variables
   */
  constructor(file: string, text: string) {
    this.#file = file;
    try {
      const { info, template } = readFrontMatter(text);
      if (template.trim() === '') throw new Error('is empty');
      const { parsed, variables } = parse(template);
      if (info.variables !== undefined) checkVariables(info.variables, variables);
      this.info = info;
      this.#template = parsed;
      this.#uses = variables;
    } catch (error) {
      throw new PromptError(file, `${ensureError(error).message}.`, { cause: error });
    }
  }

  /**
   * Fills in the variables; blank lines around the text are removed.
   * @throws PromptError if a variable that the template uses is missing, or an unknown one is given
   */
  render(variables: PromptVariables = {}): string {
    this.#refuseUnknown(Object.keys(variables));
    try {
      return String(loadLiquid().renderSync(this.#template, variables)).trim();
    } catch (error) {
      throw new PromptError(this.#file, `cannot be rendered: ${ensureError(error).message}.`, { cause: error });
    }
  }

  /**
   * Checks the names of the variables that it will be given.
   * @throws PromptError if a name is unknown, or a variable that the template uses is missing
   */
  check(names: readonly string[]): void {
    this.#refuseUnknown(names);
    const missing = this.#uses.filter((name) => !names.includes(name));
    if (missing.length > 0)
      throw new PromptError(this.#file, `needs ${quoteNames(missing)}, and is given ${quoteNames(names)}.`);
  }

  #refuseUnknown(names: readonly string[]): void {
    const known = this.info.variables;
    const unknown = known === undefined ? [] : names.filter((name) => !known.includes(name));
    if (unknown.length === 0) return;
    throw new PromptError(this.#file, `does not take ${quoteNames(unknown)}. It takes ${quoteNames(known ?? [])}.`);
  }
}

function parse(template: string): { readonly parsed: Template[]; readonly variables: readonly string[] } {
  try {
    const liquid = loadLiquid();
    const parsed = liquid.parse(template);
    return { parsed, variables: liquid.globalVariablesSync(parsed) };
  } catch (error) {
    throw new Error(`has a mistake: ${ensureError(error).message}`, { cause: error });
  }
}

function checkVariables(named: readonly string[], used: readonly string[]): void {
  const unnamed = used.filter((name) => !named.includes(name));
  if (unnamed.length > 0) throw new Error(`uses ${quoteNames(unnamed)}, which its front matter does not name`);
  const unused = named.filter((name) => !used.includes(name));
  if (unused.length > 0) throw new Error(`does not use ${quoteNames(unused)}, which its front matter names`);
}

function quoteNames(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.map((name) => `"${name}"`).join(', ');
}

/**
 * Writes a value as Liquid does, except for an object whose `toString` is not a function, at which Liquid throws. Clients can
 * send such objects, and nodes put clients' values into prompts.
 */
function writeValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(writeValue).join('');
  if (!isPresent(value)) return '';
  try {
    // oxlint-disable-next-line typescript/no-base-to-string -- Liquid writes objects the same way
    return String(value);
  } catch {
    return describeValue(value);
  }
}
