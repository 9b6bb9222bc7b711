import {
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { readErrorCode } from '../../kernel/index.js';
import { CliError } from '../cli-error.js';

/** Files that the compiler handles, and temporary files of editors. */
const NO_ASSET = /\.(?:[cm]?tsx?|swp|swx|tmp)$|~$|^\.|^tsconfig.*\.json$|^\d+$/;
const COMPILED = /(?<!\.d)\.([cm]?)tsx?$/;
/** Lists the sources whose output is in the build, so that the output can be removed once its source is gone. */
const RECORD = '.millrace-sources.json';

/** @returns whether a file of the sources is copied to the build, as prompt files are */
export function isAsset(path: string): boolean {
  return !NO_ASSET.test(basename(path));
}

/** What {@link updateBuild} does. */
interface BuildUpdate {
  /**
   * Whether the sources have just been compiled without errors. Until then, compiled files stay: the last good build may
   * be running.
   */
  readonly isCompiled: boolean;
}

/**
 * Brings the build to the state of the sources, beside what the compiler writes: copies files such as prompts if they
 * have changed, and removes the output of sources that are gone. Files of the build are removed only if they come from
 * a source that an earlier update has seen.
 * @returns how many files were copied or removed
 * @throws CliError if there is no folder of sources
 */
export async function updateBuild(sources: string, build: string, { isCompiled }: BuildUpdate): Promise<number> {
  if (sources === build) return 0;
  const present = await listSources(sources, build);
  const recorded = await readRecord(build);
  const gone = await selectGone(sources, present, recorded, isCompiled);
  const wanted = new Set(present.flatMap(listOutputs));
  const stale = gone.flatMap(listOutputs).filter((path) => !wanted.has(path));
  const removed = await Promise.all(stale.map((path) => removeOutput(build, path)));
  await removeEmptyFolders(build, stale);

  const assets = present.filter(isAsset);
  const copied = await Promise.all(assets.map((path) => copyAsset(join(sources, path), join(build, path))));
  const seen = new Set([...recorded, ...assets]);
  const compiled = isCompiled
    ? await selectBuilt(
        build,
        present.filter((path) => !seen.has(path)),
      )
    : [];
  for (const path of [...assets, ...compiled]) seen.add(path);
  for (const path of gone) seen.delete(path);
  await writeRecord(build, recorded, [...seen].sort());
  return [...copied, ...removed].filter(Boolean).length;
}

/** @returns paths from the folder of the sources */
async function listSources(sources: string, build: string): Promise<readonly string[]> {
  const files = await listFiles(sources);
  if (files === undefined) {
    throw new CliError(`There is no folder ${sources}: the sources of an application must be there.`);
  }
  return files
    .filter((path) => !path.startsWith(build + sep))
    .map((path) => relative(sources, path).replaceAll(sep, '/'));
}

/**
 * Lists the files in a folder and in all folders of it; undefined if it is gone. Not by the option `recursive` of
 * `readdir`, which fails if one of the folders is removed meanwhile.
 */
async function listFiles(folder: string): Promise<readonly string[] | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(readErrorCode(error))) throw error;
    return undefined;
  });
  if (entries === undefined) return undefined;
  const lists = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return (await listFiles(path)) ?? [];
      return entry.isFile() ? [path] : [];
    }),
  );
  return lists.flat();
}

/** Selects sources whose output is there: others may be left out of the build. */
async function selectBuilt(build: string, sources: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    sources.map(async (source) => {
      const files = await Promise.all(listOutputs(source).map((path) => isFile(join(build, path))));
      return files.includes(true);
    }),
  );
  return sources.filter((_, index) => found[index]);
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

/**
 * Selects sources that are no longer there. A source that was removed after they were listed is left for the next
 * update: its output still counts as wanted. Files are looked for by name, since some file systems ignore case.
 */
async function selectGone(
  sources: string,
  present: readonly string[],
  recorded: readonly string[],
  isCompiled: boolean,
): Promise<readonly string[]> {
  const listed = new Set(present);
  const candidates = recorded.filter((path) => !listed.has(path) && (isCompiled || isAsset(path)));
  const found = await Promise.all(candidates.map((path) => isFile(join(sources, path))));
  return candidates.filter((_, index) => found[index] === false);
}

/** @returns the paths, from the build, that a source may have output at */
function listOutputs(source: string): readonly string[] {
  if (isAsset(source)) return [source];
  const [extension, kind] = COMPILED.exec(source) ?? [];
  if (extension === undefined) return [];
  const stem = source.slice(0, -extension.length);
  return [
    `${stem}.${kind}js`,
    `${stem}.${kind}js.map`,
    `${stem}.d.${kind}ts`,
    `${stem}.d.${kind}ts.map`,
    ...(extension === '.tsx' ? [`${stem}.jsx`, `${stem}.jsx.map`] : []),
  ];
}

/** @returns whether it was there. What a link in the build leads to is left alone. */
async function removeOutput(build: string, path: string): Promise<boolean> {
  const folder = dirname(path);
  if (!(await isFile(join(build, path)))) return false;
  if ((await realpath(join(build, folder))) !== join(await realpath(build), folder)) return false;
  await rm(join(build, path), { force: true });
  return true;
}

/** Removes the folders of these files, as far as they are empty. */
async function removeEmptyFolders(build: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      const isGone = await rmdir(join(build, folder)).then(
        () => true,
        (error: unknown) => readErrorCode(error) === 'ENOENT',
      );
      if (!isGone) break;
    }
  }
}

/** @returns whether it was copied, because the build has no such file or another one */
async function copyAsset(from: string, to: string): Promise<boolean> {
  const [source, copy] = await Promise.all([from, to].map((path) => stat(path).catch(() => undefined)));
  if (source?.isFile() !== true) return false;
  // The file that now has this name may be an older one, so a copy has the time of its source. It is set in whole milliseconds.
  const time = Math.trunc(source.mtimeMs);
  if (copy !== undefined && copy.size === source.size && Math.trunc(copy.mtimeMs) === time) return false;
  await mkdir(dirname(to), { recursive: true });
  try {
    await copyFile(from, to);
    await utimes(to, new Date(time), new Date(time));
    return true;
  } catch (error) {
    // Editors write files that are gone a moment later.
    if (!(await isFile(from))) return false;
    throw error;
  }
}

async function readRecord(build: string): Promise<readonly string[]> {
  try {
    const paths: unknown = JSON.parse(await readFile(join(build, RECORD), 'utf8'));
    return Array.isArray(paths) ? paths.filter(isPathWithin) : [];
  } catch {
    return [];
  }
}

function isPathWithin(path: unknown): path is string {
  return typeof path === 'string' && !path.split('/').includes('..');
}

async function writeRecord(build: string, before: readonly string[], paths: readonly string[]): Promise<void> {
  if (before.length === paths.length && before.every((path, index) => path === paths[index])) return;
  await mkdir(build, { recursive: true });
  // Another build may read it at the same time.
  const temporary = join(build, `${RECORD}.${process.pid}.tmp`);
  await writeFile(temporary, JSON.stringify(paths));
  await rename(temporary, join(build, RECORD));
}
