import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getJson } from '../support/http-client.js';
import { MetricsPage } from '../support/metrics-page.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { ROOT } from '../support/places.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

describe('the running version', () => {
  let server: ServerProcess | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
  });

  it.each(['1', '2'])('is in the start line, /health/live and the metrics of %s processes', async (processes) => {
    server = await startServerProcess({ env: { WEB_CONCURRENCY: processes } });
    const { url, process: child } = server;
    await child.waitForLine(new RegExp(`Millrace ${version.replaceAll('.', '\\.')} is ready at`));
    if (processes === '2') await child.waitForLine(/Processes: 2 share the port/);
    expect((await getJson(`${url}/health/live`)).json).toEqual({ status: 'ok', version });
    const page = new MetricsPage(await (await fetch(`${url}/metrics`)).text());
    expect(page.sum('millrace_build_info')).toBe(1);
    expect(page.sum('millrace_build_info', { version, node: process.versions.node })).toBe(1);
  });

  it.each(['dist/main.js', 'dist/cli.js'])(
    'is what %s answers to --version, whatever the settings are',
    async (file) => {
      const env = { PATH: process.env['PATH'] ?? '', PORT: 'wrong' };
      const output = await promisify(execFile)(process.execPath, [join(ROOT, file), '--version'], { env });
      expect(output).toEqual({ stdout: `${version}\n`, stderr: '' });
    },
  );
});
