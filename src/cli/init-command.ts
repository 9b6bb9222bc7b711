import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { isJsonObject, readErrorCode, VERSION } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';
import { OWN_ROOT } from './project.js';

/** The files of a new application. In all of them, `my-app` is replaced by its name. */
const TEMPLATE = join(OWN_ROOT, 'templates/app');
/** npm keeps a file of this name out of packages. */
const RENAMED = new Map([['gitignore', '.gitignore']]);
/**
 * What npm accepts as the name of a new package without a scope:
 * https://docs.npmjs.com/cli/configuring-npm/package-json#name
 */
const VALID_NAME = /^[a-z0-9][a-z0-9._-]{0,213}$/;
/** npm does not install a package into an application of the same name. */
const TAKEN_NAMES = new Set(['millrace', 'node_modules', 'rxjs', 'reflect-metadata', 'typescript']);
/** What may be in a folder that counts as empty. */
const HARMLESS = new Set(['.git', '.DS_Store']);

/**
 * Makes a small application with one workflow.
 * @param folder the folder to make; its name becomes that of the application
 * @param millrace what Millrace is installed from: a version, the path of a tarball, or whatever npm takes.
 *   Absent: the tarball or folder from which this program was installed, or else its version in the registry
 * @throws CliError if the folder holds anything or cannot be written; then it is as it was
 */
export async function initApplication(
  folder: string,
  millrace: string | undefined,
  { process }: CliEnvironment,
): Promise<ExitCode> {
  const root = resolve(process.cwd(), folder);
  const name = basename(root);
  if (!VALID_NAME.test(name) || TAKEN_NAMES.has(name)) {
    throw new UsageError(
      `"${name}" cannot be the name of an application. Use lower-case letters, digits and - . _, and no name of a package that it needs: my-app.`,
    );
  }
  const existing = await readFolder(root, folder);
  const source = millrace === undefined ? findOwnSource() : findSource(millrace, process.cwd());
  const files = await readTemplate(name, source ?? `^${VERSION}`);
  await writeAll(root, files, existing === undefined);
  const here = relative(process.cwd(), root);
  process.stdout.write(
    [
      ...[...files.keys()].sort().map((file) => `Made    ${join(here, file)}`),
      '',
      'Run it:',
      ...(here === '' ? [] : [`  cd ${here}`]),
      '  npm install',
      '  npm run dev',
      '',
      ...(source === undefined
        ? [
            `npm install looks for millrace ^${VERSION} in npm's registry. If it is not there, give init the tarball or folder that you have:`,
            '  --millrace <source>',
            '',
          ]
        : []),
    ].join('\n'),
  );
  return EXIT.done;
}

/**
 * Lists the folder; undefined if there is none.
 * @throws CliError if it is no folder, or not empty
 */
async function readFolder(root: string, folder: string): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(root);
    const [first] = names.filter((name) => !HARMLESS.has(name));
    if (first === undefined) return names;
    throw new CliError(
      `${folder} is not empty: it has ${first}. Nothing was changed. Choose a folder that is empty, or does not exist yet.`,
    );
  } catch (error) {
    const code = readErrorCode(error);
    if (code === 'ENOENT') return undefined;
    if (error instanceof CliError) throw error;
    throw new CliError(`${folder} cannot be the folder of an application (${code}). Choose another one.`, {
      cause: error,
    });
  }
}

/** Finds what `package.json` names as the source of Millrace. A path is relative to the folder in which the command runs. */
function findSource(millrace: string, folder: string): string {
  const path = resolve(folder, millrace.replace(/^file:/, ''));
  if (existsSync(path)) return `file:${path}`;
  if (/^file:|^[./]|\.tgz$/.test(millrace) && !/^https?:/.test(millrace)) {
    throw new CliError(`${millrace}: there is no such file. Give --millrace a version, or a tarball.`);
  }
  return millrace;
}

/**
 * Finds the tarball or folder that this program comes from: the checkout that holds it, or the source that npm (also `npx`) has
 * recorded for the installed package.
 * @returns undefined if it comes from somewhere else, such as the registry
 */
function findOwnSource(): string | undefined {
  const packages = dirname(OWN_ROOT);
  if (basename(packages) !== 'node_modules') return `file:${OWN_ROOT}`;
  try {
    const noted: unknown = JSON.parse(readFileSync(join(packages, '.package-lock.json'), 'utf8'));
    const installed = isJsonObject(noted) && isJsonObject(noted['packages']) ? noted['packages'] : {};
    const own = installed[`node_modules/${basename(OWN_ROOT)}`];
    const resolved = isJsonObject(own) ? own['resolved'] : undefined;
    if (typeof resolved !== 'string' || !resolved.startsWith('file:')) return undefined;
    const path = resolve(dirname(packages), resolved.slice('file:'.length));
    return existsSync(path) ? `file:${path}` : undefined;
  } catch {
    // Other package managers, and global installations, write no such file.
    return undefined;
  }
}

async function readTemplate(name: string, millrace: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(TEMPLATE, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new CliError(
      'The templates of applications are not here: images of Millrace hold none. Run this outside of the container, from the package or a checkout: npx millrace init my-app',
      { cause },
    );
  });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const file = relative(TEMPLATE, path);
        const text = (await readFile(path, 'utf8')).replaceAll('my-app', name);
        return [RENAMED.get(file) ?? file, file === 'package.json' ? setSource(text, millrace) : text] as const;
      }),
  );
  return new Map(files);
}

function setSource(manifest: string, millrace: string): string {
  const parsed = JSON.parse(manifest) as { readonly dependencies: Readonly<Record<string, string>> };
  return `${JSON.stringify({ ...parsed, dependencies: { ...parsed.dependencies, millrace } }, undefined, 2)}\n`;
}

/** Writes all files, or none. */
async function writeAll(root: string, files: ReadonlyMap<string, string>, isNew: boolean): Promise<void> {
  try {
    for (const [file, text] of files) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text, { flag: 'wx' });
    }
  } catch (cause) {
    const made = isNew ? [root] : [...files.keys()].map((file) => join(root, file.split(/[/\\]/, 1)[0] ?? file));
    await Promise.all(made.map((path) => rm(path, { recursive: true, force: true })));
    throw new CliError(`The files cannot be written (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  }
}
