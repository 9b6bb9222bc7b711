import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { agent } from '../../src/workflow/index.js';
import { Bench, makeWiredModule, type Wire } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { getJson } from '../support/client.js';
import * as logged from '../support/logged.js';
import { errorBody, httpError, scriptCompletion, scriptStream, steps } from '../support/upstream/index.js';

describe('a run', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({ env: { RUNS_INSPECT: 'off' } });
  });
  afterEach(() => bench.close());

  it('is kept before it is answered, continues by itself, and tells its output when it has ended', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { status, headers, json } = await logged.askRun(bench.app, { metadata: { ticket: 'T-1' }, temperature: 0.5 });
    const { id } = json as { id: string };
    expect([status, headers['location'], headers['millrace-run-id']]).toEqual([202, `/v1/runs/${id}`, id]);
    expect(json).toMatchObject({
      object: 'run',
      status: 'queued',
      model: 'chat',
      metadata: { ticket: 'T-1' },
      priority: 5,
      output: null,
      segments: [{ completion_id: null, response_id: null, from: 0 }],
    });
    await door.reached;
    expect(await logged.readRun(bench.app, id)).toMatchObject({ status: 'running', attempts: 1, output: null });
    door.open();
    expect(await logged.endRun(bench.app, id)).toMatchObject({
      status: 'completed',
      output: 'Hello',
      finish_reason: 'stop',
      error: null,
      usage: { total_tokens: 12 },
    });
    const { body } = await bench.upstream.request(0);
    expect(body).toMatchObject({ temperature: 0.5, messages: [{ role: 'user', content: 'Hello' }] });
  });

  it('takes a conversation under either name', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ];
    for (const name of ['messages', 'input']) {
      const { id } = await logged.beginRun(bench.app, { [name]: messages });
      await logged.endRun(bench.app, id);
    }
    for (const place of [0, 1]) expect((await bench.upstream.request(place)).body['messages']).toEqual(messages);
  });

  it('is read event by event from every number on, while it runs and afterwards, by any number of readers', async () => {
    const doors = [steps.gate(), steps.gate()];
    bench.upstream.next(scriptStream(['One ', doors[0]!, 'two ', doors[1]!, '🦀.']));
    const { id } = await logged.beginRun(bench.app);
    const first = logged.followRun(bench.app, id);
    // No reader can have the number of a future event.
    await eventually(
      async () => ((await logged.readRun(bench.app, `${id}?include=steps`))['steps'] as object[]).length === 1,
    );
    const readers = [first, logged.followRun(bench.app, id, '?after=1')];
    for (const door of doors) {
      await door.reached;
      door.open();
    }
    const [whole, later] = (await Promise.all(readers)).map(({ text }) => text);
    const events = logged.readEvents(whole!);
    expect(events.map(({ n }) => n)).toEqual(events.map((_, place) => place));
    expect(logged.joinContent(events)).toBe('One two 🦀.');
    expect(logged.readEvents(later!)).toEqual(events.slice(2));
    for (let after = 0; after < events.length - 1; after++) {
      expect(logged.readEvents((await logged.followRun(bench.app, id, `?after=${after}`)).text)).toEqual(
        events.slice(after + 1),
      );
    }
  });

  it('is an event stream from its beginning to its end, with a reconnection time', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id } = await logged.beginRun(bench.app);
    const { text, headers } = await logged.followRun(bench.app, id);
    const events = logged.readEvents(text);
    expect(events.at(0)).toMatchObject({ type: 'run-started', model: 'chat' });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', finish_reason: 'stop' });
    const finished = { type: 'node-finished', visible: true, output: 'Hello' };
    expect(events).toContainEqual(expect.objectContaining(finished));
    expect(text.match(/^retry: .*$/gm)).toEqual(['retry: 2000']);
    expect(headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'millrace-run-id': id });
  });

  it('shows what visible steps say, and of silent ones only that they work', async () => {
    bench.upstream.always((request) => {
      const schema = (request.body['response_format'] as { json_schema?: { name?: string } } | undefined)?.json_schema;
      if (schema === undefined) return scriptStream('Dear customer');
      return scriptCompletion({ reasoning: 'secret', intent: 'product question', escalate: false, spam: false });
    });
    const { id } = await logged.beginRun(bench.app, { model: 'customer-care' });
    const { status } = await logged.endRun(bench.app, id);
    const { text } = await logged.followRun(bench.app, id);
    const { text: run } = await logged.callRun(bench.app, 'GET', `${id}?include=steps`);
    expect(text).not.toContain('secret');
    expect(run).not.toContain('secret');
    expect(status).toBe('completed');
    const { steps, output } = JSON.parse(run) as { steps: { node: string; output?: unknown }[]; output: string };
    expect(output).toBe('Dear customer');
    expect(steps.filter((step) => step.output !== undefined)).toEqual([
      expect.objectContaining({ status: 'completed', attempt: 1, output: 'Dear customer' }),
    ]);
    expect(steps.length).toBeGreaterThan(3);
  });

  it('tells a browser that reconnects after the end to stop, and refuses positions beyond the end', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id } = await logged.beginRun(bench.app);
    await logged.endRun(bench.app, id);
    const last = logged.readEvents((await logged.followRun(bench.app, id)).text).length - 1;
    const reconnect = (query: string, header: string) =>
      logged.followRun(bench.app, id, query, { 'last-event-id': header });
    const gone = await reconnect('?after=0', `${last}`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect(logged.readEvents((await reconnect(`?after=${last - 1}`, '0')).text)).toHaveLength(1);
    const none = await logged.followRun(bench.app, id, `?after=${last}`);
    expect([none.status, logged.readEvents(none.text)]).toEqual([200, []]);
    for (const response of [
      await logged.followRun(bench.app, id, `?after=${last + 1}`),
      await reconnect('', `${last + 1}`),
    ]) {
      expect(response).toMatchObject({ status: 410, json: { error: { code: 'log_truncated' } } });
    }
    expect(logged.readEvents((await reconnect('', 'x')).text)).toHaveLength(last + 1);
  });

  it('refuses unknown parameters and bodies instead of ignoring them', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const other = await logged.askRun(bench.app, {}, { 'millrace-on-disconnect': 'nonsense' });
    expect(other).toMatchObject({
      status: 400,
      json: { error: { code: 'invalid_value', message: expect.stringContaining('millrace-on-disconnect') } },
    });
    const { id } = await logged.beginRun(bench.app, {}, { 'millrace-on-disconnect': 'cancel' });
    await logged.endRun(bench.app, id);
    for (const [path, param] of [
      [`${id}/events?after[]=1`, 'after'],
      [`${id}/events?after=1&after[]=2`, 'after'],
      [`${id}?include[]=steps`, 'include'],
      [`${id}/events?until=end`, 'until'],
      ['?limit[]=1', 'limit'],
    ] as const) {
      expect([path, await logged.callRun(bench.app, 'GET', path)]).toMatchObject([
        path,
        { status: 400, json: { error: { param } } },
      ]);
    }
    for (const action of ['cancel', 'ticket']) {
      for (const body of ['x', '[]', '"x"']) {
        const { status, json } = await logged.callRun(bench.app, 'POST', `${id}/${action}`, {}, body);
        expect([action, body, status, json]).not.toMatchObject([
          action,
          body,
          status,
          { error: { code: 'run_ended' } },
        ]);
        expect([action, body, status]).toEqual([action, body, 400]);
      }
    }
  });

  it('shows its typed result only if the client has read it as text, and never the output of a silent step', async () => {
    const score = { score: 5, reasons: ['short'] };
    const restart = async (wire: Wire): Promise<void> => {
      await bench.close();
      bench = await Bench.start({ imports: [makeWiredModule(wire)] });
    };
    await restart((flow) => flow.run('score', {}, () => score));
    const { id } = await logged.beginRun(bench.app, { model: 'test' });
    expect(await logged.endRun(bench.app, id)).toMatchObject({ status: 'completed', result: score });
    expect(logged.readEvents((await logged.followRun(bench.app, id)).text).at(-1)).toMatchObject({ result: score });

    const speaker = agent({});
    await restart((flow, { messages }) => {
      flow.stream(speaker, { messages }, { key: 'speak' });
      return flow.run('score', {}, () => score);
    });
    bench.upstream.next(scriptStream('Hello'));
    const { id: other } = await logged.beginRun(bench.app, { model: 'test' });
    expect(await logged.endRun(bench.app, other)).toMatchObject({ status: 'completed', output: 'Hello' });
    for (const text of [
      JSON.stringify(await logged.readRun(bench.app, other)),
      (await logged.followRun(bench.app, other)).text,
    ]) {
      expect(text).not.toContain('short');
    }
  });

  it('is cancelled once, from another connection, and all readers get the end', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await logged.beginRun(bench.app);
    await door.reached;
    const reader = logged.followRun(bench.app, id);
    const { status, json } = await logged.callRun(bench.app, 'POST', `${id}/cancel`);
    expect([status, json]).toMatchObject([200, { id, status: 'cancelled', error: null, output: null }]);
    expect(logged.readEvents((await reader).text).at(-1)).toMatchObject({
      type: 'run-failed',
      error: { code: 'cancelled' },
    });
    expect((await logged.callRun(bench.app, 'POST', `${id}/cancel`)).json).toEqual(json);
    await eventually(async () => (await (await bench.upstream.request(0)).closed) === 'aborted');
    expect((await logged.callRun(bench.app, 'GET', `${id}?include=steps`)).json).toMatchObject({
      steps: [{ status: 'failed' }],
    });
  });

  it('cannot be cancelled once it has ended otherwise', async () => {
    bench.upstream.next(scriptStream('Hello')).next(httpError(500, errorBody('Down')));
    const { id } = await logged.beginRun(bench.app);
    await logged.endRun(bench.app, id);
    const { id: other } = await logged.beginRun(bench.app);
    expect(await logged.endRun(bench.app, other)).toMatchObject({
      status: 'failed',
      error: { code: 'upstream_error' },
    });
    for (const ended of [id, other]) {
      expect(await logged.callRun(bench.app, 'POST', `${ended}/cancel`)).toMatchObject({
        status: 400,
        json: { error: { code: 'run_ended' } },
      });
    }
    expect(logged.readEvents((await logged.followRun(bench.app, other)).text).at(-1)).toMatchObject({
      type: 'run-failed',
      error: { code: 'upstream_error' },
    });
  });

  it('is removed with all that is kept of it, and its readers are closed', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await logged.beginRun(bench.app);
    await door.reached;
    const reader = logged.followRun(bench.app, id);
    expect((await logged.callRun(bench.app, 'DELETE', id)).json).toEqual({ id, object: 'run', deleted: true });
    expect(logged.readEvents((await reader).text).at(-1)?.type).toBe('run-failed');
    for (const path of [id, `${id}/events`]) expect((await logged.callRun(bench.app, 'GET', path)).status).toBe(404);
    for (const path of [`${id}/cancel`, `${id}/ticket`]) {
      expect((await logged.callRun(bench.app, 'POST', path)).status).toBe(404);
    }
    expect((await logged.callRun(bench.app, 'DELETE', id)).status).toBe(404);
  });

  const list = async (query: string) => (await getJson(`${logged.runUrl(bench.app)}?${query}`)).json as RunPage;
  /** Completes a run, a response and another run. */
  async function endThree() {
    bench.upstream.always(scriptStream('Hello'));
    const first = await logged.beginRun(bench.app);
    const response = await logged.beginResponse(bench.app);
    const last = await logged.beginRun(bench.app, { model: 'default' });
    for (const { id } of [first, last]) await logged.endRun(bench.app, id);
    await logged.followResponse(bench.app, response.id);
    return { first, response, last };
  }

  it('is listed with those of other protocols, the newest first', async () => {
    const { first, response, last } = await endThree();
    const all = await list('');
    expect(all.data.map(({ id }) => id)).toEqual([last.id, expect.stringMatching(/^run_/), first.id]);
    expect(all).toMatchObject({ object: 'list', has_more: false, first_id: last.id, last_id: first.id });
    const middle = all.data[1]!;
    expect(middle).toMatchObject({
      output: 'Hello',
      segments: [{ completion_id: null, response_id: response.id, from: 0 }],
    });
    expect(logged.joinContent(logged.readEvents((await logged.followRun(bench.app, middle.id)).text))).toBe('Hello');
    // The id of a response is not the id of its run.
    expect((await logged.callRun(bench.app, 'GET', response.id)).status).toBe(404);
  });

  it('is listed page by page, by model and by status', async () => {
    const { first, last } = await endThree();
    const middle = (await list('')).data[1]!;
    const page = await list(`limit=1&order=asc&after=${first.id}`);
    expect([page.data.map(({ id }) => id), page.has_more]).toEqual([[middle.id], true]);
    expect((await list('model=default')).data.map(({ id }) => id)).toEqual([last.id]);
    expect((await list('status=failed')).data.map(({ id }) => id)).toEqual([last.id]);
    expect((await list('status=completed&model=chat')).data).toHaveLength(2);
    expect((await list('status=waiting')).first_id).toBeNull();
  });

  it('ends a response in the background that is removed as a run, and tells its readers', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const response = await logged.beginResponse(bench.app);
    await door.reached;
    const reader = logged.followResponse(bench.app, response.id);
    const { json } = await getJson(logged.runUrl(bench.app));
    const { id } = (json as RunPage).data[0]!;
    expect((await logged.callRun(bench.app, 'DELETE', id)).status).toBe(200);
    expect(logged.readStream((await reader).text).response.status).toBe('cancelled');
    expect((await getJson(`${bench.app.baseUrl}/responses/${response.id}`)).status).toBe(404);
  });
});

interface RunPage {
  readonly data: readonly { readonly id: string; readonly output: string | null }[];
  readonly has_more: boolean;
  readonly first_id: string | null;
}
