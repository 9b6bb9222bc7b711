import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ProcessOptions, startProcess } from '../support/process.js';
import { ROOT } from '../support/places.js';

/** npm may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 60_000;

/** Packages with install scripts, each with what its script does. Look at a new one before you add it. */
const WITH_SCRIPTS = {
  'node_modules/@parcel/watcher': 'builds from source if it is told to; a development package',
  'node_modules/@scarf/scarf': 'reports the installation to scarf.sh; comes with swagger-ui-dist',
  'node_modules/esbuild':
    'looks for its binary, which is a package of its own, and puts it in place of the script that starts it; a development package',
  'node_modules/msgpackr-extract':
    'looks for its binary, which is a package of its own; comes with bullmq, and msgpackr does without it',
  'node_modules/unrs-resolver': 'looks for its binary, which is a package of its own; a development package',
};

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
}
interface LockFile {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: true }>>;
}

describe('Installing', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-install-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const readRoot = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(ROOT, file), 'utf8')) as T;
  const run = async (command: string, args: readonly string[], options: ProcessOptions): Promise<string> => {
    const env = { HOME: folder, TMPDIR: folder, npm_config_update_notifier: 'false', ...options.env };
    const child = await startProcess(args, { command, cwd: folder, ...options, env });
    try {
      const { code } = await child.exit;
      const output = `${child.stdout}${child.stderr}`;
      if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
      return output;
    } finally {
      await child.stop();
    }
  };

  it('knows every package that would run a script', async () => {
    const { packages } = await readRoot<LockFile>('package-lock.json');
    const found = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript === true);
    expect(found.sort()).toEqual(Object.keys(WITH_SCRIPTS).sort());
  });

  it(
    'runs none of them, whatever npm does by default',
    async () => {
      const dependency = join(folder, 'dependency');
      const mark = join(folder, 'it-has-run');
      await mkdir(dependency);
      const postinstall = `node -e "require('node:fs').writeFileSync('${mark}', '')"`;
      await writeJson(join(dependency, 'package.json'), {
        name: 'curious',
        version: '1.0.0',
        scripts: { postinstall },
      });
      await run('npm', ['pack', '--pack-destination', folder], { cwd: dependency });
      await writeJson(join(folder, 'package.json'), { dependencies: { curious: 'file:curious-1.0.0.tgz' } });
      // npm 11 asks before it runs scripts, and older versions do not. This setting turns the question off.
      const env = { npm_config_dangerously_allow_all_scripts: 'true' };
      const install = ['install', '--offline', '--no-audit', '--no-fund', '--no-package-lock'];

      await cp(join(ROOT, '.npmrc'), join(folder, '.npmrc'));
      await run('npm', install, { env });
      expect([existsSync(join(folder, 'node_modules/curious')), existsSync(mark)]).toEqual([true, false]);

      // Without .npmrc, the script runs.
      await rm(join(folder, '.npmrc'));
      await rm(join(folder, 'node_modules'), { recursive: true });
      await run('npm', install, { env });
      expect(existsSync(mark)).toBe(true);
    },
    LONGEST_MS,
  );

  it('needs no pre or post script of its own, which npm then leaves out', async () => {
    const { scripts } = await readRoot<Manifest>('package.json');
    const names = Object.keys(scripts);
    expect(names.filter((name) => names.some((other) => name === `pre${other}` || name === `post${other}`))).toEqual(
      [],
    );
    expect(names.filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  it(
    'reports to nobody, even where another tool runs the scripts',
    async () => {
      let reports = 0;
      const server = createServer((_, response) => {
        reports++;
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = server.address() as AddressInfo;
        const { name, version, scarfSettings } = await readRoot<Record<string, unknown>>('package.json');
        const project = await makeSmallProject(folder, { name, version, scarfSettings });
        const env = { INIT_CWD: project, npm_execpath: 'npm', SCARF_VERBOSE: 'true', SCARF_LOCAL_PORT: `${port}` };
        const output = await run(process.execPath, [join(ROOT, 'node_modules/@scarf/scarf/report.js')], { env });
        expect(output).toContain('Scarf has been disabled via a package.json');
        expect(reports).toBe(0);
      } finally {
        server.close();
      }
    },
    LONGEST_MS,
  );
});

/** A small project for Scarf: on a busy machine, `npm ls` of the whole one takes longer than Scarf waits. */
async function makeSmallProject(folder: string, manifest: object): Promise<string> {
  await writeJson(join(folder, 'package.json'), { ...manifest, dependencies: { 'swagger-ui-dist': '*' } });
  for (const name of ['node_modules/swagger-ui-dist', 'node_modules/@scarf/scarf']) {
    await mkdir(join(folder, name), { recursive: true });
    await cp(join(ROOT, name, 'package.json'), join(folder, name, 'package.json'));
  }
  return folder;
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, JSON.stringify(value));
}
