import { createRequire } from 'node:module';
import type { parse } from 'yaml';
import { ensureError } from '../../kernel/index.js';

const require = createRequire(import.meta.url);

/** What a prompt file says about itself. */
export interface PromptInfo {
  readonly description?: string;
  readonly author?: string;
  /** Names of the variables that it takes; absent if it does not say. */
  readonly variables?: readonly string[];
  /** The whole front matter, including unknown keys. */
  readonly frontMatter: Readonly<Record<string, unknown>>;
}

const BLOCK = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)(?:(?<=\n)|\r?\n)---[ \t]*(?:\r?\n|$)/;

/**
 * Splits a prompt file into its optional front matter (YAML between two `---` lines) and its template. The template begins
 * with as many empty lines as the front matter took, so that line numbers in messages are those of the file.
 * @throws Error that says what is wrong with the front matter
 */
export function readFrontMatter(text: string): { readonly info: PromptInfo; readonly template: string } {
  const block = BLOCK.exec(text);
  if (block === null) return { info: { frontMatter: {} }, template: text.replace(/^\uFEFF/, '') };
  const [whole, yaml = ''] = block;
  const lines = whole.split('\n').length - 1;
  return { info: readInfo(parseYaml(yaml)), template: '\n'.repeat(lines) + text.slice(whole.length) };
}

function parseYaml(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    // Loaded for the first front matter, because many applications have none.
    parsed = (require('yaml') as { readonly parse: typeof parse }).parse(text);
  } catch (error) {
    const [firstLine = ''] = ensureError(error).message.split('\n');
    throw new Error(`has front matter that is not valid YAML: ${firstLine.replace(/:$/, '')}`, { cause: error });
  }
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new Error('has front matter that is not a list of "name: value" lines');
  }
  return parsed as Record<string, unknown>;
}

function readInfo(frontMatter: Record<string, unknown>): PromptInfo {
  const { description, author, variables } = frontMatter;
  return {
    ...(description !== undefined && { description: readText('description', description) }),
    ...(author !== undefined && { author: readText('author', author) }),
    ...(variables !== undefined && { variables: readNames(variables) }),
    frontMatter,
  };
}

function readText(key: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`has front matter whose "${key}" is not a text`);
  return value;
}

/** Reads a list of names, or names with descriptions. */
function readNames(variables: unknown): readonly string[] {
  if (variables === null) return [];
  if (Array.isArray(variables) && variables.every((name) => typeof name === 'string')) return variables;
  if (typeof variables === 'object' && !Array.isArray(variables)) return Object.keys(variables);
  throw new Error('has front matter whose "variables" are neither a list of names nor names with descriptions');
}
