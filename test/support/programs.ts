import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

/**
 * `describe` for tests that need a program which not every machine has: where it does not run, they are skipped, and a
 * notice says so.
 * @param args something harmless that ends with code 0 if the program is what the tests need
 */
export function describeIfRuns(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): typeof describe.skip {
  const { status } = spawnSync(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: 'ignore',
  });
  if (status === 0) return describe;
  process.stderr.write(`Skipped, since \`${[command, ...args].join(' ')}\` does not run on this machine.\n`);
  return describe.skip;
}

/**
 * `describe` for tests that install packages. In CI they fail without a registry; elsewhere they are skipped without one.
 */
export const describeWithRegistry = (): typeof describe.skip =>
  process.env['CI'] === undefined
    ? describeIfRuns('npm', ['view', '@nestjs/core', 'version'], { HOME: process.env['HOME'] ?? '' })
    : describe;

/** What Python is started with: `HOME`, since packages can lie there, and UTF-8 whatever the machine's locale is. */
export const PYTHON_ENV: Readonly<Record<string, string>> = {
  HOME: process.env['HOME'] ?? '',
  PYTHONUTF8: '1',
};
