import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../src/cli/index.js';
import { Bench } from '../support/bench.js';
import { beginRun, endRun, readRun } from '../support/runs-client.js';
import { errorBody, httpError, scriptStream, steps } from '../support/upstream/index.js';

const KEY = 'sk-of-the-operator';

/** Runs one command in this process, as a terminal in an empty folder would. */
async function millrace(args: readonly string[], env: Record<string, string> = {}, stdin = '') {
  const out = { stdout: '', stderr: '' };
  const write = (name: 'stdout' | 'stderr') => ({ write: (text: string) => Boolean((out[name] += text)) });
  const code = await runCli(args, {
    openApplication: () => Promise.reject(new Error('No application is needed')),
    process: {
      stdin: Readable.from([stdin]),
      stdout: write('stdout'),
      stderr: write('stderr'),
      cwd: () => import.meta.dirname,
      env,
    } as never,
  });
  return { code, ...out };
}

describe('commands on runs', () => {
  const expectFailure = (stderr: unknown) => ({ code: 1, stdout: '', stderr });
  let bench: Bench;
  const headers = { authorization: `Bearer ${KEY}` };
  const runs = (args: readonly string[], stdin = '') =>
    millrace(['runs', ...args, '--url', `${bench.app.url}/v1/`], { MILLRACE_API_KEY: KEY }, stdin);
  beforeEach(async () => {
    bench = await Bench.start({ env: { API_KEYS: KEY } });
  });
  afterEach(() => bench.close());

  /** Starts three runs: one completes, one fails, and one keeps running. */
  async function beginThree() {
    const door = steps.gate();
    bench.upstream
      .next(scriptStream('Hello'))
      .next(httpError(500, errorBody('Down')))
      .next(scriptStream(['Hel', door]))
      .always(scriptStream('Again\u001B[2J'));
    const whole = await beginRun(bench.app, { metadata: { ticket: 'T-1' } }, headers);
    await endRun(bench.app, whole.id, headers);
    const failed = await beginRun(bench.app, {}, headers);
    await endRun(bench.app, failed.id, headers);
    const open = await beginRun(bench.app, {}, headers);
    await door.reached;
    return { whole, failed, open };
  }

  it('list the runs of the key', async () => {
    const { whole, failed, open } = await beginThree();
    const list = await runs(['list']);
    expect([list.code, list.stderr]).toEqual([0, '']);
    expect(list.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^RUN +STATUS +MODEL +ASKED FOR +TOOK +ATTEMPTS +ERROR$/),
      expect.stringMatching(`^${open.id}  running +chat +20\\d\\d-\\S+ \\S+Z +1$`),
      expect.stringMatching(`^${failed.id}  failed +chat .* 1 +upstream_error$`),
      expect.stringMatching(`^${whole.id}  completed  chat .*s +1$`),
    ]);
    const newest = await runs(['list', '--json', '--limit', '1']);
    expect(JSON.parse(newest.stdout)).toMatchObject([{ id: open.id }]);
    expect(newest.stderr).toBe('There are more: --limit 2\n');
    expect(await runs(['list', '--status', 'completed', '--json'])).toMatchObject({
      stdout: expect.stringContaining(whole.id),
    });
    expect(await runs(['list', '--status', 'waiting'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There are no such runs.\n',
    });
    await runs(['cancel', open.id]);
  });

  it('show one of them, or its events', async () => {
    const { whole, failed, open } = await beginThree();
    const shown = await runs(['show', whole.id]);
    expect(shown.stdout).toMatch(
      /^status +completed$[^]*^metadata +\{"ticket":"T-1"\}$[^]*^STEP +KIND[^]*^answer +\S+ +completed +1 [^]*\n\nHello\n$/m,
    );
    expect(JSON.parse((await runs(['show', whole.id, '--json'])).stdout)).toMatchObject({
      steps: [{ node: 'answer' }],
    });
    expect((await runs(['show', failed.id])).stdout).toMatch(/^error +upstream_error: /m);

    const events = await runs(['show', whole.id, '--follow', '--json']);
    expect(
      events.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['run-started', 'node-started', expect.any(String), 'delta', 'node-finished', 'run-finished']);
    await runs(['cancel', open.id]);
  });

  it('cancel and retry them', async () => {
    const { open } = await beginThree();
    const following = runs(['show', open.id, '--follow']);
    expect(await runs(['cancel', open.id])).toEqual({ code: 0, stdout: `${open.id} is cancelled.\n`, stderr: '' });
    expect(await following).toMatchObject({ code: 1, stdout: expect.stringMatching(/run-failed .*"cancelled"/) });

    const { stdout: fresh } = await runs(['retry', open.id]);
    expect(await endRun(bench.app, fresh.trim(), headers)).toMatchObject({ status: 'completed' });
    // The model's control characters do not reach the terminal.
    const again = await runs(['show', fresh.trim()]);
    expect([again.stdout.includes('Again'), again.stdout.includes('\u001B')]).toEqual([true, false]);
  });

  /** Starts a run that writes a draft, and then waits. */
  async function beginWaiting(): Promise<string> {
    bench.upstream.next(scriptStream('A draft.\u001B[2J'));
    const { id } = await beginRun(bench.app, { model: 'approval' }, headers);
    await endRun(bench.app, id, headers);
    return id;
  }

  it('show what a run waits for', async () => {
    const id = await beginWaiting();
    const { stdout: shown } = await runs(['show', id]);
    expect(shown).toMatch(`waits for  approve\nuntil      20`);
    expect(shown).toContain(`by         millrace runs answer ${id} approve '<json>'`);
    expect(shown).toMatch(/^answer +\{"type":"object".*"approved"/m);
    expect([shown.includes('A draft.'), shown.includes('\u001B')]).toEqual([true, false]);
  });

  it('answer what a run waits for', async () => {
    const id = await beginWaiting();
    bench.upstream.next(scriptStream('It goes out.'));
    expect(await runs(['answer', id, 'approve', '{approved}'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^The answer must be JSON: /),
    });
    expect(await runs(['answer', id, 'approve', '{"approved": 5}'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('approved'),
    });
    expect(await runs(['answer', id, 'approve', '-'], '{"approved": true}')).toEqual({
      code: 0,
      stdout: '"approve" is answered.\n',
      stderr: '',
    });
    const following = await runs(['show', id, '--follow']);
    expect([following.code, following.stdout]).toEqual([0, expect.stringMatching(/run-waiting[^]*run-continued/)]);
  });

  it('say what is wrong with the key, the run or a parameter', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app, {}, headers);
    await endRun(bench.app, id, headers);
    expect(await millrace(['runs', 'list'], { MILLRACE_URL: bench.app.url, OPENAI_API_KEY: KEY })).toEqual(
      expectFailure(expect.stringMatching(/API key[^]* The key is read from MILLRACE_API_KEY\.\n$/)),
    );
    expect(await runs(['show', 'run_0'])).toEqual(expectFailure("Run with id 'run_0' not found.\n"));
    expect(await runs(['show', 'run_0', '--follow'])).toEqual(expectFailure("Run with id 'run_0' not found.\n"));
    expect(await runs(['cancel', id])).toEqual(expectFailure('This run cannot be cancelled: it has completed.\n'));
    expect(await runs(['list', '--status', 'odd'])).toEqual(
      expectFailure(expect.stringContaining("Invalid value for 'status'")),
    );
    expect((await readRun(bench.app, id, headers)).status).toBe('completed');
  });

  it('say that there is no server at the address', async () => {
    expect(await millrace(['runs', 'list', '--url', 'localhost'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^"localhost" is not the address of a server\./),
    });
    const { port } = await listen(createServer());
    expect(await millrace(['runs', 'list'], { PORT: String(port) })).toEqual(
      expectFailure(expect.stringMatching(`^No server answers at http://localhost:${port} \\(.*ECONN`)),
    );
  });
});

it('following a run that is cut off continues from its last event', async () => {
  const asked: unknown[] = [];
  const event = (n: number, type: string) =>
    `id: ${n}\nevent: ${type}\ndata: ${JSON.stringify({ type, n, at: 0 })}\n\n`;
  const bodies = [event(0, 'run-started') + event(1, 'node-started'), undefined, event(2, 'run-finished')];
  const server = createServer(({ headers }, response) => {
    asked.push(headers['last-event-id']);
    const body = bodies.shift();
    response.writeHead(body === undefined ? 503 : 200).end(body);
  });
  const { port } = await listen(server, true);
  try {
    const { code, stdout } = await millrace(['runs', 'show', 'run_1', '--follow', '--json'], { PORT: String(port) });
    const numbers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: number }).n);
    expect([code, numbers, asked]).toEqual([0, [0, 1, 2], [undefined, '1', '1']]);
  } finally {
    server.close();
  }
});

/** @param isOpen false: the server is closed again, so that nothing listens at the address */
async function listen(server: Server, isOpen = false): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  if (!isOpen) await new Promise((resolve) => server.close(resolve));
  return address;
}
