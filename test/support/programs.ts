import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

/**
 * `describe` for tests that need a program which not every machine has. Without it they are skipped with a notice.
 * @param args harmless arguments, with which the right program ends with code 0
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
 * `describe` for tests that install packages. Without a registry they are skipped, except in CI, where they fail.
 */
export const describeWithRegistry = (): typeof describe.skip =>
  process.env['CI'] === undefined
    ? describeIfRuns('npm', ['view', '@nestjs/core', 'version'], { HOME: process.env['HOME'] ?? '' })
    : describe;

/** The environment for Python: `HOME`, because packages can be there, and UTF-8 for every locale. */
export const PYTHON_ENV: Readonly<Record<string, string>> = {
  HOME: process.env['HOME'] ?? '',
  PYTHONUTF8: '1',
};
