/**
 * `npm run dev`: runs the service and restarts it whenever a source changes. It is what `millrace dev` does in any
 * project.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const cli = join(root, 'dist/cli.js');

// Everything else that is not built yet, or stale, is compiled by the command itself.
if (!existsSync(cli)) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
// What the command does not compile.
await import('./bundle-page.mjs');
process.argv.splice(2, 0, 'dev');
await import(cli);
