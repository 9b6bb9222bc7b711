import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { getJson, HELLO, type HttpResponse, postJson, send } from '../support/client.js';
import { askRun, beginRun, endRun, followRun, readEvents, readRun, runUrl, type WireRun } from '../support/logged.js';
import { describeWithPostgres, PostgresServer, queryPostgres } from '../support/postgres-server.js';
import { AN_HOUR_AHEAD, Replicas } from '../support/replicas.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { canMount, SmallDisk } from '../support/small-disk.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';

/** Tests wait here until leases run out, as they do in production. */
const LONGEST_MS = 120_000;

describeWithPostgres('runs of two processes whose clocks differ by an hour, and whose surroundings fail', () => {
  let postgres: PostgresServer;
  let upstream: ScriptedUpstream;
  let databaseUrl: string;
  let replicas: Replicas;
  let disk: SmallDisk | undefined;

  beforeAll(async () => {
    await ensureServerIsBuilt();
    postgres = await PostgresServer.start({ isDurable: true });
  }, LONGEST_MS);
  afterAll(() => postgres.close());
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    // Where the test may not mount a disk, it uses an ordinary folder, and skips the test of a full disk.
    disk = canMount ? SmallDisk.mount(64) : undefined;
    databaseUrl = await postgres.createDatabase(disk?.folder);
    replicas = new Replicas({ OPENAI_BASE_URL: upstream.url, RUNS_DATABASE_URL: databaseUrl });
    await Promise.all([replicas.start(), replicas.start(AN_HOUR_AHEAD)]);
  }, LONGEST_MS);
  afterEach(async () => {
    await replicas.stop();
    disk?.unmount();
    disk = undefined;
    await upstream.close();
  });

  const expectNoGap = (text: string): void => {
    const events = readEvents(text);
    expect(events.map(({ n }) => n)).toEqual(events.map((_, place) => place));
    expect(events.filter(({ type }) => /^run-(finished|failed)$/.test(type))).toHaveLength(1);
  };

  it(
    'lose nothing when PostgreSQL crashes; while it is away, runs are refused with retry-after, and all else is served',
    async () => {
      const [one, two] = replicas.all;
      const doors = Array.from({ length: 8 }, () => steps.gate());
      for (const door of doors) upstream.next(scriptStream(['Hel', door, 'lo']));
      const runs = await Promise.all(doors.map((_, place) => beginRun(place % 2 === 0 ? one! : two!)));
      await Promise.all(doors.map((door) => door.reached));
      upstream.always(() => scriptStream('Hello'));

      await postgres.crash();
      const refused = await askRun(one!);
      expect(refused).toMatchObject({ status: 503, json: { error: { code: 'store_unavailable' } } });
      expect(refused.headers['retry-after']).toBeDefined();
      const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello' }] };
      expect(await postJson(`${one!.baseUrl}/chat/completions`, body)).toMatchObject({ status: 200 });
      expect(await getJson(`${one!.url}/health/ready`)).toMatchObject({ status: 200 });
      await postgres.up();
      for (const door of doors) door.open();

      for (const { id } of runs) {
        expect(await endRun(two!, id)).toMatchObject({ status: 'completed', output: 'Hello' });
        expectNoGap((await followRun(one!, id)).text);
      }
    },
    LONGEST_MS,
  );

  it(
    'can be read on another process, without a gap, when that of a reader dies',
    async () => {
      const [one] = replicas.all;
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginRun(one!);
      await door.reached;
      const { worker, other } = await replicas.findWorker();
      let seen = '';
      const broken = readStream(runUrl(other, `${id}/events`), (text) => (seen = text)).catch(() => undefined);
      await eventually(() => seen.includes('"Hel"'));
      other.process.signal('SIGKILL');
      await broken;
      door.open();
      await endRun(worker, id);
      const before = readEvents(seen);
      const rest = await followRun(worker, id, `?after=${before.length - 1}`);
      const whole = await followRun(worker, id);
      expect([...before, ...readEvents(rest.text)]).toEqual(readEvents(whole.text));
    },
    LONGEST_MS,
  );

  it(
    'continue while their process is frozen, which writes nothing afterwards; runs that the queue has lost begin all the same',
    async () => {
      const door = steps.gate();
      upstream.next(scriptStream(['Old', door]));
      const begun = await postJson(`${replicas.all[0]!.baseUrl}/responses`, {
        model: 'chat',
        input: 'Hello',
        background: true,
      });
      const id = String(begun.headers['millrace-run-id']);
      const { id: responseId } = begun.json as { id: string };
      await door.reached;
      const { worker, other } = await replicas.findWorker();
      const reading = followRun(other, id);
      await eventually(async () => (await readRun(other, id)).status === 'running');
      const newDoor = steps.gate();
      upstream.next(scriptStream(['New', newDoor, ' words']));
      worker.process.signal('SIGSTOP');
      // This is the state of a process that stops after storing the response and before the last commit.
      await queryPostgres(
        databaseUrl,
        `insert into millrace.documents select $2, owner, created, created + 7200000, 100, $3 from millrace.runs where id = $1`,
        [id, responseId, JSON.stringify({ response: { id: responseId, status: 'completed' }, context: [] })],
      );
      await newDoor.reached;
      const readResponse = (): Promise<HttpResponse> => getJson(`${other.baseUrl}/responses/${responseId}`);
      expect(await readResponse()).toMatchObject({ json: { status: 'in_progress' } });
      newDoor.open();
      expect(await endRun(other, id)).toMatchObject({ status: 'completed', output: 'New words', attempts: 2 });
      const { json: response } = await readResponse();
      expect(response).toMatchObject({ status: 'completed' });
      expect(JSON.stringify(response)).toContain('New words');
      const { text } = await reading;
      expectNoGap(text);

      await queryPostgres(databaseUrl, 'drop schema bullmq cascade');
      upstream.next(scriptStream('Hello'));
      const later = await beginRun(other);
      const findEnded = async (): Promise<WireRun | undefined> => {
        const run = await readRun(other, later.id);
        return run.status === 'completed' ? run : undefined;
      };
      expect(await eventually(findEnded, { within: 40_000 })).toMatchObject({ output: 'Hello', attempts: 1 });

      // It was suspended for twice the time after which other processes take over lost runs.
      worker.process.signal('SIGCONT');
      // Its model is silent, so no refused write tells the process that it has lost the run.
      await eventually(() => upstream.requests[0]?.aborted === true, { within: 10_000 });
      expect((await followRun(worker, id)).text).toBe(text);
    },
    LONGEST_MS,
  );

  it(
    'can still be read without the notifications of the database',
    async () => {
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginRun(replicas.all[0]!);
      await door.reached;
      const { other } = await replicas.findWorker();
      let seen = '';
      const reading = readStream(runUrl(other, `${id}/events`), (text) => (seen = text));
      await eventually(() => seen.includes('"Hel"'));
      await queryPostgres(
        databaseUrl,
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      );
      door.open();
      expectNoGap(await reading);
      expect(await readRun(other, id)).toMatchObject({ status: 'completed', output: 'Hello' });
    },
    LONGEST_MS,
  );

  (canMount ? it : it.skip)(
    'continue when the disk of the database has room again; meanwhile runs are refused, and all else is served',
    async () => {
      const other = replicas.all[1]!;
      const filled = steps.gate();
      // Random text cannot be compressed, so it does not fit into a page that is already allocated.
      const long = randomBytes(48 * 1024).toString('base64');
      upstream.next(scriptStream(['Hel', filled, long]));
      upstream.always(() => scriptStream(`Hel${long}`));
      const full = await beginRun(other);
      await filled.reached;
      await disk!.fill();
      filled.open();
      const input = randomBytes(48 * 1024).toString('base64');
      const refused = await eventually(async () => {
        const asked = await askRun(other, { input });
        return asked.status === 503 ? asked : undefined;
      });
      expect(refused.json).toMatchObject({ error: { code: 'store_unavailable' } });
      expect(refused.headers['retry-after']).toBeDefined();
      const direct = { model: 'chat', messages: HELLO };
      expect(await postJson(`${other.baseUrl}/chat/completions`, direct)).toMatchObject({ status: 200 });
      await disk!.clear();
      const ended = await endRun(other, full.id);
      expect([ended.status, ended.output === `Hel${long}`]).toEqual(['completed', true]);
      expectNoGap((await followRun(other, full.id)).text);
    },
    LONGEST_MS,
  );

  it(
    'end when nobody reads them in any process, if they are bound to their readers',
    async () => {
      await replicas.stop();
      replicas = new Replicas({
        OPENAI_BASE_URL: upstream.url,
        RUNS_DATABASE_URL: databaseUrl,
        RUNS_LEAVE_GRACE_MS: '1500',
      });
      const [one] = await Promise.all([replicas.start(), replicas.start()]);
      const door = steps.gate();
      upstream.next(scriptStream(['Hel', door, 'lo']));
      const open = async (...options: Parameters<typeof send>) => {
        const { request, response: head } = send(...options);
        const response = await head;
        response.on('error', () => undefined).resume();
        return { id: String(response.headers['millrace-run-id']), leave: () => request.destroy() };
      };
      const body = { model: 'chat', stream: true, messages: HELLO };
      const headers = { 'millrace-on-disconnect': 'cancel' };
      const first = await open('POST', `${one.baseUrl}/chat/completions`, body, { headers });
      await door.reached;
      const { other } = await replicas.findWorker();
      const second = await open('GET', runUrl(other, `${first.id}/events`), undefined);
      first.leave();
      // After twice the grace time, the other process still reports that the run has a reader.
      await eventually(async () => {
        const [row] = await queryPostgres<{ is_late: boolean }>(
          databaseUrl,
          `select read_at > to_timestamp(created / 1000.0) + interval '3 s' as is_late from millrace.runs where id = $1`,
          [first.id],
        );
        return row?.is_late === true;
      });
      expect(await readRun(other, first.id)).toMatchObject({ status: 'running' });
      second.leave();
      expect(await endRun(other, first.id)).toMatchObject({ status: 'cancelled' });
      await eventually(() => upstream.requests[0]?.aborted === true);
    },
    LONGEST_MS,
  );
});

/** @param onText called with the whole text so far at each new piece */
async function readStream(url: string, onText: (text: string) => void): Promise<string> {
  const { body } = await fetch(url);
  let text = '';
  for await (const piece of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += piece;
    onText(text);
  }
  return text;
}
