import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/bench.js';
import { getJson } from '../support/client.js';
import { beginRun, callRun, endRun, followRun, readEvents, readRun, runUrl } from '../support/logged.js';
import { scriptStream } from '../support/upstream/index.js';

describe('a run that waits for an answer', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({ env: { RUNS_INSPECT: 'off' } });
  });
  afterEach(() => bench.close());

  it('waits for an answer, and shows what is asked', async () => {
    const { schema } = await readApproval();
    expect(schema).toMatchObject({ properties: { approved: { type: 'boolean' } } });
    const { run, asked } = await waitForApproval();
    const wait = {
      name: 'approve',
      call_id: expect.stringMatching(/^call_/),
      shown: { draft: 'A draft.' },
      schema,
      asked_at: expect.any(Number),
      expires_at: expect.any(Number),
    };
    expect(asked.at(-1)).toMatchObject({ type: 'run-waiting', waits: [wait] });
    expect(run).toMatchObject({ status: 'waiting', waits: [wait], deadline: null, output: null, finished_at: null });
    const [{ asked_at, expires_at }] = run['waits'] as [{ asked_at: number; expires_at: number }];
    expect(expires_at - asked_at).toBeGreaterThanOrEqual(3 * 86_400);
    expect((await getJson(`${runUrl(bench.app)}?status=waiting`)).json).toMatchObject({ data: [run] });
    expect((await followRun(bench.app, run.id, `?until=wait&after=${asked.length - 1}`)).status).toBe(204);
  });

  it('keeps waiting after an answer that does not fit, or that is for none of its waits', async () => {
    const { run, answer } = await waitForApproval();
    const { json: refusal } = await answer({ value: { approved: 'yes', comment: 5 } });
    const { message, ...error } = (refusal as { error: { message: string } }).error;
    expect(error).toMatchObject({ code: 'invalid_value', param: 'value' });
    for (const property of ['approved', 'comment']) expect(message).toContain(property);
    const refused = [
      [await answer({}), 400, { code: 'missing_required_parameter', param: 'value' }],
      [await answer({ value: 1 }, 'other'), 404, { code: 'wait_not_found' }],
      [await answer({ value: 1 }, 'approve', 'run_0'), 404, {}],
      [await answer({ value: { approved: true, comment: 'x'.repeat(65_536) } }), 413, {}],
    ] as const;
    for (const [response, status, fault] of refused) expect(response).toMatchObject({ status, json: { error: fault } });
    expect(await readRun(bench.app, run.id)).toEqual(run);
  });

  it('continues with the first answer that fits', async () => {
    const { run, asked, answer } = await waitForApproval();
    const { id } = run;
    bench.upstream.next(scriptStream('It goes out.'));
    const rest = followRun(bench.app, id, '', { 'last-event-id': String(asked.length - 1) });
    const given = await answer({ value: { approved: true, comment: 'Good' } });
    expect(given).toMatchObject({
      status: 200,
      headers: { 'millrace-run-id': id },
      json: { object: 'run.wait', name: 'approve', status: 'answered' },
    });
    const events = readEvents((await rest).text);
    expect(events[0]).toMatchObject({ type: 'run-continued', name: 'approve', n: asked.length });
    const last = events.filter(({ type }) => /^run-(?:resumed|f)/.test(type)).map(({ type }) => type);
    expect(last).toEqual(['run-finished']);
    const output = 'A draft.\n\nIt goes out.';
    expect(await readRun(bench.app, id)).toMatchObject({ status: 'completed', output, waits: [] });
    expect(JSON.stringify((await bench.upstream.request(1)).body)).toContain('Thank for the approval');
  });

  it('takes its first answer again, and no other', async () => {
    const { run, answer } = await waitForApproval();
    bench.upstream.next(scriptStream('It goes out.'));
    const given = await answer({ value: { approved: true, comment: 'Good', by: 'somebody' } });
    await endRun(bench.app, run.id);
    // Fields that the workflow does not know do not make it a different answer.
    for (const more of [{}, { at: 'noon' }])
      expect((await answer({ value: { comment: 'Good', approved: true, ...more } })).json).toEqual(given.json);
    expect(await answer({ value: { approved: false } })).toMatchObject({
      status: 409,
      json: { error: { code: 'wait_already_answered' } },
    });
    expect(bench.upstream.requests).toHaveLength(2);
  });

  it('is cancelled at once while it waits for an answer, and takes no answer afterwards', async () => {
    bench.upstream.next(scriptStream('A draft.'));
    const { id } = await beginRun(bench.app, { model: 'approval' });
    const reader = followRun(bench.app, id);
    expect(await endRun(bench.app, id)).toMatchObject({ status: 'waiting' });
    const { json } = await callRun(bench.app, 'POST', `${id}/cancel`);
    expect(json).toMatchObject({ status: 'cancelled', waits: [] });
    expect(readEvents((await reader).text).at(-1)).toMatchObject({ type: 'run-failed', error: { code: 'cancelled' } });
    const late = await callRun(bench.app, 'POST', `${id}/waits/approve`, {}, { value: { approved: true } });
    expect(late).toMatchObject({ status: 409, json: { error: { code: 'not_waiting' } } });
    bench.upstream.next(scriptStream('A draft.'));
    const { id: early } = await beginRun(bench.app, { model: 'approval' });
    await endRun(bench.app, early);
    await callRun(bench.app, 'DELETE', early);
    expect((await callRun(bench.app, 'POST', `${early}/waits/approve`, {}, { value: 1 })).status).toBe(404);
  });

  /** The description of its wait in the model `approval`. */
  async function readApproval(): Promise<{ readonly schema: object }> {
    const { json } = await getJson(`${bench.app.baseUrl}/models/approval`);
    return (json as { millrace: { waits: [{ schema: object }] } }).millrace.waits[0];
  }

  /** Starts a run of `approval`; returns it with its events up to its wait, and a function that answers it. */
  async function waitForApproval() {
    bench.upstream.next(scriptStream('A draft.'));
    const { id } = await beginRun(bench.app, { model: 'approval' });
    const asked = readEvents((await followRun(bench.app, id, '?until=wait')).text);
    const answer = (body: unknown, name = 'approve', of = id) =>
      callRun(bench.app, 'POST', `${of}/waits/${name}`, {}, body);
    return { run: await readRun(bench.app, id), asked, answer };
  }
});
