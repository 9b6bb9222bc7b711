import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { getJson } from '../support/http-client.js';
import { LogCapture } from '../support/log-capture.js';
import { beginRun, callRun, endRun, joinContent, readEvents, runUrl } from '../support/runs-client.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { TimeOfDay } from '../support/time-of-day.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

describe('a ticket', () => {
  let bench: Bench;
  let log: LogCapture | undefined;
  afterEach(async () => {
    log?.stop();
    await bench.close();
  });

  const start = async (env: Record<string, string> = {}, clock = new TimeOfDay()): Promise<string> => {
    bench = await Bench.start({ env: { ...KEYS, ...env }, clock, tracer: new RecordingTracer() });
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app, {}, ANN);
    await endRun(bench.app, id, ANN);
    return id;
  };
  const makeTicket = async (id: string, body?: object) => {
    const { status, json, headers } = await callRun(bench.app, 'POST', `${id}/ticket`, ANN, body);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    return json as { url: string; expires_at: number };
  };
  const open = (url: string) => getJson(bench.app.url + url);

  it('reads the events of one run, and nothing else', async () => {
    const id = await start();
    const { url } = await makeTicket(id);
    const [path = '', ticket = ''] = url.split('?ticket=');
    const text = joinContent(readEvents((await open(url)).text));
    expect([path, text]).toEqual([`/v1/runs/${id}/events`, 'Hello']);
    expect(readEvents((await open(`${url}&after=1`)).text).at(0)?.n).toBe(2);
    const { id: other } = await beginRun(bench.app, {}, ANN);
    expect(await open(`/v1/runs/${other}/events?ticket=${ticket}`)).toMatchObject({
      status: 401,
      json: { error: { code: 'invalid_ticket' } },
    });
    for (const place of [
      `/v1/runs/${id}`,
      '/v1/runs',
      '/v1/models',
      `/v1/runs/${id}/ticket`,
      `/v1/runs/${id}/events`,
    ]) {
      const response = await open(`${place}?${place.endsWith('/events') ? 'tickets' : 'ticket'}=${ticket}`);
      expect([place, response.status, (response.json as { error: { code: string } }).error.code]).toEqual([
        place,
        401,
        'invalid_api_key',
      ]);
    }
    const posted = await callRun(bench.app, 'POST', `${id}/cancel?ticket=${ticket}`);
    expect(posted.status).toBe(401);
    await endRun(bench.app, other, ANN);
    await callRun(bench.app, 'DELETE', id, ANN);
    expect((await open(url)).status).toBe(404);
  });

  it('is valid for the requested time, and no longer', async () => {
    const clock = new TimeOfDay();
    const id = await start({}, clock);
    const now = Math.floor(clock.now() / 1_000);
    const usual = await makeTicket(id);
    const short = await makeTicket(id, { ttl_s: 2 });
    expect(usual.expires_at - now).toBeGreaterThanOrEqual(300);
    expect(short.expires_at - now).toBeLessThanOrEqual(3);
    clock.advance(3_000);
    expect(await open(short.url)).toMatchObject({ status: 401, json: { error: { code: 'ticket_expired' } } });
    expect((await open(usual.url)).status).toBe(200);
  });

  it.each([
    // The two lowest bits of the last character mean nothing: of A to D, all are the same signature.
    ['another signature', (url: string) => url.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))],
    ['a later end', (url: string) => url.replace(/ticket=\d/, (digits) => `${digits}9`)],
    ['nothing', (url: string) => url.replace(/ticket=.*/, 'ticket=')],
    ['two of them', (url: string) => `${url}&ticket=x`],
    ['a list', (url: string) => url.replace('ticket=', 'ticket[]=')],
  ])('is refused with %s', async (_, spoil) => {
    const id = await start();
    const { url } = await makeTicket(id);
    const response = await open(spoil(url));
    expect(response.status).toBe(401);
    expect((response.json as { error: { code: string } }).error.code).toMatch(/^invalid_(ticket|api_key)$/);
  });

  it('is issued only for own runs, and only with a valid lifetime', async () => {
    const id = await start();
    expect((await callRun(bench.app, 'POST', `${id}/ticket`, BOB)).status).toBe(404);
    for (const [ttl, code] of [
      [0, 'invalid_value'],
      [3_601, 'invalid_value'],
      [1.5, 'invalid_value'],
      ['60', 'invalid_type'],
    ]) {
      expect(await callRun(bench.app, 'POST', `${id}/ticket`, ANN, { ttl_s: ttl })).toMatchObject({
        status: 400,
        json: { error: { param: 'ttl_s', code } },
      });
    }
    expect((await callRun(bench.app, 'POST', `${id}/ticket`, ANN, '[]')).status).toBe(400);
    expect((await callRun(bench.app, 'POST', `${id}/ticket`, ANN, '{"ttl_s":')).status).toBe(400);
    expect((await callRun(bench.app, 'POST', `${id}/ticket`, ANN, { pad: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await callRun(bench.app, 'POST', `${id}/ticket`, ANN, { ttl_s: null })).status).toBe(200);
  });

  it('is signed with the secret of the configuration, where there is one', async () => {
    const id = await start({ RUNS_TICKET_SECRET: 'a secret of many replicas' });
    const { url } = await makeTicket(id);
    expect((await open(url)).status).toBe(200);
  });

  it('is in no log and no trace, whatever becomes of it', async () => {
    const tracer = new RecordingTracer();
    log = new LogCapture();
    bench = await Bench.start({
      env: { ...KEYS, LOG_LEVEL: 'debug', LOG_FORMAT: 'json' },
      tracer,
    });
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app, {}, ANN);
    await endRun(bench.app, id, ANN);
    const { url } = await makeTicket(id);
    const ticket = url.split('=')[1]!;
    await open(url);
    await open(`${url}x`);
    await open(url.replace(id, 'run_other'));
    await open(url.replace('/events', '/nothing'));
    const response = await open(`${url}&after=x`);
    expect(response.status).toBe(400);
    expect(response.text).not.toContain(ticket);
    expect(log.lines('Access')).toContainEqual(
      expect.objectContaining({ path: `/v1/runs/${id}/events`, status: 200, run_id: id }),
    );
    expect(log.text).not.toContain(ticket);
    expect(tracer.toString()).not.toContain(ticket);
  });
});

describe('runs of another API key', () => {
  it('do not exist', async () => {
    const bench = await Bench.start({ env: KEYS });
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app, {}, ANN);
    await endRun(bench.app, id, ANN);
    for (const [method, path] of [
      ['GET', id],
      ['GET', `${id}?include=steps`],
      ['GET', `${id}/events`],
      ['POST', `${id}/cancel`],
      ['POST', `${id}/ticket`],
      ['DELETE', id],
    ] as const) {
      const theirs = await callRun(bench.app, method, path, BOB);
      const nobodys = await callRun(bench.app, method, path.replace(id, 'run_000000000000000000000000'), BOB);
      expect([method, path, theirs.status]).toEqual([method, path, 404]);
      expect(theirs.text.replace(id, '')).toBe(nobodys.text.replace('run_000000000000000000000000', ''));
    }
    expect((await getJson(runUrl(bench.app), BOB)).json).toMatchObject({ data: [], first_id: null, has_more: false });
    expect(await getJson(`${runUrl(bench.app)}?after=${id}`, BOB)).toMatchObject({
      status: 400,
      json: { error: { param: 'after' } },
    });
    await bench.close();
  });
});
