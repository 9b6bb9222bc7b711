import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { postJson } from '../support/http-client.js';
import { startProcess } from '../support/process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { readDocument, readRepositoryFile } from '../support/deploy-files.js';

describe('the profile langfuse of docker-compose.yml', () => {
  const compose = readDocument('docker-compose.yml');
  const service = 'services.langfuse-settings';
  let folder: string;
  let server: ServerProcess | undefined;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-settings-'));
  });
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    for (const each of open.splice(0)) await each.close();
    rmSync(folder, { recursive: true });
  });

  /** Interpolates a value as Compose does: `${NAME:-default}`, `${NAME:+other}` and `$$`. */
  const interpolate = (value: unknown, dotEnv: Record<string, string>): string =>
    String(value)
      .replaceAll(/(?<!\$)\$\{(\w+):([-+])([^}]*)\}/g, (_, name: string, sign: string, word: string) =>
        sign === '-' ? (dotEnv[name] ?? word) : dotEnv[name] === undefined ? '' : word,
      )
      .replaceAll('$$', '$');

  /** Runs the commands that the container runs until it is healthy, with a local folder in place of the volume. */
  const writeSettings = async (dotEnv: Record<string, string>): Promise<string> => {
    const file = join(folder, '.env');
    const env = Object.fromEntries(
      compose
        .keys(`${service}.environment`)
        .map((name) => [name, interpolate(compose.at(`${service}.environment.${name}`), dotEnv)]),
    );
    const [command, option] = compose.at(`${service}.entrypoint`) as [string, string];
    const script = interpolate(compose.at(`${service}.command.0`), dotEnv);
    const child = await startProcess([option, script], { command, env: { ...env, FILE: file }, group: true });
    try {
      await eventually(() => existsSync(file) && (child.stdout !== '' || readFileSync(file, 'utf8').endsWith("'\n")));
      return readFileSync(file, 'utf8');
    } finally {
      await child.stop();
    }
  };

  it('has a service that waits for Langfuse, and that Millrace waits for if the profile is on', () => {
    expect(compose.at('services.millrace.depends_on.langfuse-settings')).toEqual({
      condition: 'service_healthy',
      required: false,
    });
    expect(compose.at(`${service}.depends_on.langfuse-web.condition`)).toBe('service_healthy');
    expect(compose.at(`${service}.profiles`)).toEqual(['langfuse']);
    expect((compose.at('services.langfuse-web.networks') as string[]).includes('default')).toBe(true);
  });

  it('writes the settings to a volume in memory, which is the working folder of Millrace', () => {
    expect(compose.at('volumes.settings.driver_opts.type')).toBe('tmpfs');
    expect(compose.at(`${service}.volumes`)).toEqual(['settings:/settings']);
    expect(compose.at(`${service}.environment.FILE`)).toBe('/settings/.env');
    expect(compose.at(`${service}.healthcheck.test`)).toEqual(['CMD', 'test', '-f', '/settings/.env']);
    const [mounted] = compose.at('services.millrace.volumes') as string[];
    expect(mounted).toBe(`settings:${String(compose.at('services.millrace.working_dir'))}:ro`);
  });

  it('starts Millrace from the folder of the image, which is no longer its working folder', () => {
    expect(compose.at('services.millrace.command')).toEqual([
      'node',
      '--enable-source-maps',
      '--env-file-if-exists=/run/durable/.env',
      '/app/dist/main.js',
    ]);
    expect(readRepositoryFile('Dockerfile')).toMatch(
      /^WORKDIR \/app\n[^]*CMD \["node", "--enable-source-maps", "dist\/main\.js"\]$/m,
    );
  });

  it.each<[string, Record<string, string>]>([
    ['as they are by default', {}],
    [
      'as .env sets them',
      {
        LANGFUSE_INIT_PROJECT_PUBLIC_KEY: 'pk-lf-of-the-team',
        LANGFUSE_INIT_PROJECT_SECRET_KEY: 'sk-lf-of-$the-"#team"',
      },
    ],
  ])('gives Millrace the address and keys of its project, %s, with which it sends traces', async (_, dotEnv) => {
    const init = (name: string): string =>
      interpolate(compose.at(`services.langfuse-web.environment.LANGFUSE_INIT_PROJECT_${name}`), dotEnv);
    const langfuse = await FakeLangfuse.start({ publicKey: init('PUBLIC_KEY'), secretKey: init('SECRET_KEY') });
    const upstream = await ScriptedUpstream.start();
    open.push(langfuse, upstream);
    const settings = await writeSettings(dotEnv);
    expect(settings).toContain("LANGFUSE_BASE_URL='http://langfuse-web:3000'\n");
    writeFileSync(join(folder, '.env'), settings.replace('http://langfuse-web:3000', langfuse.url));

    upstream.next(scriptStream('Traced.'));
    server = await startServerProcess({ cwd: folder, env: { ...dotEnv, OPENAI_BASE_URL: upstream.url } });
    const response = await postJson(`${server.url}/v1/chat/completions`, {
      model: 'chat',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(response.status).toBe(200);
    await eventually(() => langfuse.traces().length === 1, { message: 'the trace' });
  });

  it.each([
    'LANGFUSE_BASE_URL',
    'LANGFUSE_BASEURL',
    'LANGFUSE_HOST',
    'LANGFUSE_PUBLIC_KEY',
    'LANGFUSE_PUBLIC_KEY_FILE',
    'LANGFUSE_SECRET_KEY',
    'LANGFUSE_SECRET_KEY_FILE',
  ])('leaves everything as it is where .env has a %s', async (name) => {
    expect(await writeSettings({ [name]: 'http://langfuse.example' })).toBe('');
  });
});
