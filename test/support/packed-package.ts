import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureServerIsBuilt } from './server-process.js';
import { ROOT } from './places.js';

const run = promisify(execFile);

/**
 * Packs this checkout with its current build.
 * @param folder the folder for the tarball
 * @returns its path
 */
export async function packPackage(folder: string): Promise<string> {
  await ensureServerIsBuilt();
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT, env });
  const [made] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { readonly filename: string }[];
  return join(folder, made?.filename ?? '');
}

/**
 * Makes a folder in which `npx` finds the package of a tarball, as after `npm install <tarball>`. Links to the packages of
 * this checkout replace the dependencies, which saves the time of an installation.
 */
export async function installForNpx(folder: string, tarball: string): Promise<void> {
  const packages = join(folder, 'node_modules');
  await mkdir(join(packages, '.bin'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await run('tar', ['-xzf', tarball, '-C', packages]);
  await rename(join(packages, 'package'), join(packages, 'millrace'));
  for (const entry of await readdir(join(ROOT, 'node_modules'))) {
    if (!entry.startsWith('.')) await symlink(join(ROOT, 'node_modules', entry), join(packages, entry));
  }
  await chmod(join(packages, 'millrace/dist/cli.js'), 0o755);
  await symlink('../millrace/dist/cli.js', join(packages, '.bin/millrace'));
}
