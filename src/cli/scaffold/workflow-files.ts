import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../cli-error.js';
import type { WorkflowNames } from './workflow-names.js';

/** The kinds of new workflows; each has a folder of templates. */
export const TEMPLATE_KINDS = ['chat', 'structured', 'tools', 'route', 'parallel'] as const;
export type TemplateKind = (typeof TEMPLATE_KINDS)[number];

/** What runs the tests of a project; `node` is Node's own `node:test`. */
export type TestRunner = 'jest' | 'vitest' | 'node';

const TEMPLATES = join(import.meta.dirname, '../../../templates/workflows');
/** The names that the templates use. */
const SAMPLE: WorkflowNames = { id: 'sample', title: 'Sample', workflow: 'SampleWorkflow' };
/** The first line of a template's test, which is written for Jest. */
const JEST = "import { expect, it } from '@jest/globals';\n";

/** What the files of a project look like. */
interface FileStyle {
  readonly runner: TestRunner;
  /** How the paths of imports end: many tools do not find `.ts` by `.js` in a project that compiles to CommonJS. */
  readonly ending: '.js' | '';
}

/**
 * Makes the files of a new workflow's folder, by name: the workflow and its test.
 * @throws CliError if this program has no templates
 */
export function makeWorkflowFiles(
  names: WorkflowNames,
  kind: TemplateKind,
  { runner, ending }: FileStyle,
): ReadonlyMap<string, string> {
  return new Map(
    readTemplates(join(TEMPLATES, kind)).map(([name, text]) => {
      const isTest = name.endsWith('.spec.ts');
      const file = isTest && runner === 'node' ? name.replace(/\.spec\.ts$/, '.test.ts') : name;
      const named = replaceNames(text, names).replaceAll(/(?<= from '\.\/.*)\.js(?=';)/g, ending);
      return [replaceNames(file, names), isTest ? convertTest(named, runner) : named];
    }),
  );
}

function readTemplates(folder: string): readonly (readonly [name: string, text: string])[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  } catch (cause) {
    throw new CliError(`${folder} is not there: images of Millrace hold no templates. Use the package.`, { cause });
  }
}

function replaceNames(text: string, { id, title, workflow }: WorkflowNames): string {
  return text
    .replaceAll(SAMPLE.workflow, workflow)
    .replaceAll(new RegExp(`\\b${SAMPLE.title}\\b`, 'g'), title)
    .replaceAll(new RegExp(`\\b${SAMPLE.id}\\b`, 'g'), id);
}

function convertTest(text: string, runner: TestRunner): string {
  if (runner === 'jest') return text;
  if (runner === 'vitest') return text.replace(JEST, "import { expect, it } from 'vitest';\n");
  return text
    .replace(JEST, "import assert from 'node:assert/strict';\nimport { it } from 'node:test';\n")
    .replaceAll(
      /\bexpect\(([^]+?)\)\.(toBe|toEqual)\(\s*([^]+?),?\s*\);$/gm,
      (_, actual: string, matcher: string, expected: string) =>
        `assert.${matcher === 'toBe' ? 'equal' : 'deepEqual'}(${actual}, ${expected});`,
    );
}
