import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowNames } from './workflow-names.js';

/** The beginning of a declaration in a TypeScript file, at the beginning of a line. */
const DECLARATION = String.raw`^\s*(?:(?:export|default|declare|abstract)\s+)*(?:class|const|let|var|function|interface|type|enum)\s+`;
/** The argument of the decorator, up to the class that follows it. */
const WORKFLOW = /^@Workflow\((?<options>[^]*?)\bclass\s+(?<type>[\w$]+)/gm;
/** Options of a workflow whose texts are no names. */
const TEXTS = /\b(?:description|version|separator):\s*(['"`])(?:\\.|(?!\1)[^\\])*\1/g;
const LITERAL = /(['"`])(?<text>[^'"`]*)\1/g;
const IMPORT = /^import\s(?<what>[^;]*?)\sfrom\s+['"](?<from>[^'"]+)['"]/gm;

/**
 * Finds what the project already has under one of the names of a new workflow: its folder in any case of its letters, a
 * class or other declaration, an id or alias. An id that is no literal is not found here; the server refuses it when it
 * starts.
 * @param root the folder of the project
 * @param folder that of the workflows, from there
 * @returns one sentence for each
 */
export async function findNameClashes(root: string, folder: string, names: WorkflowNames): Promise<readonly string[]> {
  const { id } = names;
  const folders = await readdir(join(root, folder)).catch(() => []);
  const ignored = await readFile(join(root, '.gitignore'), 'utf8').catch(() => '');
  const paths = (await readdir(join(root, 'src'), { recursive: true })).filter((path) =>
    /(?<!\.spec|\.d)\.ts$/.test(path),
  );
  const files = await Promise.all(
    paths.sort().map(async (path) => ({
      path: join('src', path),
      source: await readFile(join(root, 'src', path), 'utf8'),
    })),
  );
  return [
    ...folders
      .filter((name) => name.toLowerCase() === id)
      .map(
        (name) =>
          `${join(folder, name)} is there already${name === id ? '' : ', and many systems take the two for the same'}.`,
      ),
    ...(ignored.split('\n').some((line) => line.trim().replace(/\/$/, '') === id)
      ? [`${join(folder, id)} would not get into the repository: .gitignore names it.`]
      : []),
    ...files.flatMap(({ path, source }) => [
      ...findTakenIds(path, source, id),
      ...findDeclarations(path, source, names),
    ]),
  ];
}

function findTakenIds(path: string, source: string, id: string): string[] {
  return [...source.matchAll(WORKFLOW)]
    .filter(({ groups }) => {
      const options = groups?.['options']?.replaceAll(TEXTS, '') ?? '';
      return [...options.matchAll(LITERAL)].some((literal) => literal.groups?.['text'] === id);
    })
    .map(({ groups }) => `${groups?.['type']} in ${path} has the name "${id}", as its id or an alias.`);
}

/** Finds the name of the new class where a file declares it, or imports it from a package. */
function findDeclarations(path: string, source: string, { workflow: name }: WorkflowNames): string[] {
  // A member of a list that is imported or exported may have `type` before it, too.
  if (new RegExp(`${DECLARATION}${name}\\b(?!\\s*(?:,|\\}|as\\b))`, 'm').test(source)) {
    return [`The name ${name} is taken: ${path} declares it.`];
  }
  // An import from another file of this project is left out: the file that declares the name is reported.
  return [...source.matchAll(IMPORT)]
    .filter(
      ({ groups }) =>
        groups?.['from']?.startsWith('.') === false && new RegExp(`\\b${name}\\b`).test(groups?.['what'] ?? ''),
    )
    .map(({ groups }) => `The name ${name} is taken: ${path} imports it from ${groups?.['from']}.`);
}
