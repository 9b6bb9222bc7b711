import { cp, link, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './places.js';

/**
 * Copies files and folders of this checkout, with its build, so that a test can change them and compile again. The
 * compiler continues from the build, which takes a quarter of the time. For this, the files must keep their times, and
 * all packages, also this project's own declarations, must be below the copy.
 */
export async function copyProject(copy: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) await cp(join(ROOT, path), join(copy, path), { recursive: true, preserveTimestamps: true });
  const packages = join(copy, 'node_modules');
  await mkdir(packages);
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name.startsWith('typescript')) await linkFiles(join(ROOT, 'node_modules', name), join(packages, name));
    else if (name !== '.bin') await symlink(join(ROOT, 'node_modules', name), join(packages, name));
  }
  await cp(join(ROOT, 'node_modules/.bin'), join(packages, '.bin'), { recursive: true, verbatimSymlinks: true });

  const config = join(copy, 'tsconfig.json');
  const { atime, mtime } = await stat(config);
  const text = await readFile(config, 'utf8');
  await writeFile(config, text.replace('"compilerOptions": {', '"compilerOptions": { "preserveSymlinks": true,'));
  await utimes(config, atime, mtime);
}

/** Makes hard links to all files, which is faster than copying, but does not work across file systems. */
async function linkFiles(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkFiles(source, target);
    else await link(source, target).catch(() => cp(source, target));
  }
}
