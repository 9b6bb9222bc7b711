/** Notes of builds about the files that they read and wrote, so that they need not be repeated. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the last build has noted; nothing if there was none. */
export function readStamp(stamp) {
  try {
    return JSON.parse(readFileSync(stamp, 'utf8'));
  } catch {
    return {};
  }
}

function describeFile(file) {
  const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${size} ${mtimeMs}`;
}

/** Notes size and time of each file. Paths are from the root. */
export function describeFiles(root, paths) {
  return Object.fromEntries(paths.map((path) => [path, describeFile(join(root, path))]));
}

/** True if all files of the last build are as it has noted them. */
export function isFresh(root, { outputs, inputs }) {
  return [outputs, inputs].every(
    (files) =>
      files !== undefined && Object.entries(files).every(([file, state]) => describeFile(join(root, file)) === state),
  );
}

/** Other processes may be reading the file, or writing it. */
export function writeWhole(file, contents) {
  const part = `${file}.${process.pid}`;
  writeFileSync(part, contents);
  renameSync(part, file);
}
