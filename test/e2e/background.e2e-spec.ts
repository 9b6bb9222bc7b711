import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LogReader } from '../../src/runs/log/log-reader.service.js';
import { RunLogStore } from '../../src/runs/store/run-log-store.js';
import { Bench } from '../support/bench.js';
import {
  stripFrames,
  beginResponse,
  callResponse,
  followResponse,
  readStream,
  responseUrl,
  retrieve,
} from '../support/background-client.js';
import { eventually } from '../support/checks.js';
import { getJson } from '../support/client.js';
import { createResponse, failResponse, openResponse, readResponseStream } from '../support/responses-client.js';
import { errorBody, httpError, scriptStream, steps } from '../support/upstream/index.js';

const WORDS = ['One ', 'two ', 'three ', 'four ', '🦀.'];

describe('a response in the background', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  const readStatus = async (id: string): Promise<string | undefined> => (await retrieve(bench.app, id)).status;
  const waitForEnd = (id: string): Promise<boolean> =>
    eventually(async () => !['queued', 'in_progress'].includes((await readStatus(id)) ?? ''));

  it('is answered at once, continues by itself, and can be read while it runs and after its end', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const begun = await beginResponse(bench.app);
    expect(begun).toMatchObject({ status: 'queued', background: true, store: true, output: [] });
    await door.reached;
    await eventually(async () => (await retrieve(bench.app, begun.id)).output.length === 1);
    expect(await retrieve(bench.app, begun.id)).toMatchObject({
      status: 'in_progress',
      output: [{ status: 'in_progress', content: [{ text: 'Hel' }] }],
    });
    door.open();
    await waitForEnd(begun.id);
    expect(await retrieve(bench.app, begun.id)).toMatchObject({
      status: 'completed',
      output: [{ content: [{ text: 'Hello' }] }],
      usage: { total_tokens: 12 },
    });
  });

  it('is read with the same bytes from every number on, while it runs and afterwards', async () => {
    const doors = WORDS.map(() => steps.gate());
    bench.upstream.next(scriptStream(WORDS.flatMap((word, place) => [word, doors[place]!])));
    const first = await openResponse(bench.app, { background: true });
    const id = (await first.until(({ kind }) => kind === 'data')).kind === 'data' ? readId(first.items) : '';
    const live = followResponse(bench.app, id);
    for (const door of doors) {
      await door.reached;
      door.open();
    }
    const posted = await first.collect();
    const { text } = await live;
    const { events, response, text: said } = readStream(text);
    expect([said, response.status]).toEqual([WORDS.join(''), 'completed']);
    expect(readResponseStream(posted).events).toEqual(events);
    const frames = stripFrames(text).split(/(?<=\n\n)/);
    for (let after = 0; after < events.length; after++) {
      const { text: rest } = await followResponse(bench.app, id, `&starting_after=${after}`);
      expect(stripFrames(rest)).toBe(frames.slice(after + 1).join(''));
    }
    expect((await followResponse(bench.app, id)).text).toBe(text);
    expect(await retrieve(bench.app, id)).toEqual(response);
  });

  it('begins with what browsers need: the reconnection time, and a number for each event', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id } = await beginResponse(bench.app);
    const { text } = await followResponse(bench.app, id);
    const types = readStream(text).events.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['response.created', 'response.queued', 'response.in_progress']);
    expect(text.match(/^retry: .*$/gm)).toEqual(['retry: 2000']);
    expect(text.match(/^id: \d+$/gm)).toEqual(types.map((_, number) => `id: ${number}`));
  });

  it('continues when its client leaves right after the first event, while three others read it', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo ', 'you']));
    const first = await openResponse(bench.app, { background: true });
    await first.until(({ kind }) => kind === 'data');
    const id = readId(first.items);
    first.destroy();
    const readers = [0, 1, 2].map((after) => followResponse(bench.app, id, `&starting_after=${after}`));
    await door.reached;
    door.open();
    const texts = await Promise.all(readers);
    const { text: whole } = await followResponse(bench.app, id);
    expect(readStream(whole)).toMatchObject({ text: 'Hello you', response: { status: 'completed' } });
    texts.forEach(({ text }, after) => {
      expect(stripFrames(whole).endsWith(stripFrames(text))).toBe(true);
      expect(text).toContain(`"sequence_number":${after + 1},`.replace(/,$/, ''));
    });
  });

  it('is cancelled once, from another connection, and all readers get the end', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginResponse(bench.app);
    await door.reached;
    const reader = followResponse(bench.app, id);
    await eventually(async () => (await retrieve(bench.app, id)).output.length === 1);
    const { status, json } = await callResponse(bench.app, 'POST', `${id}/cancel`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, status: 'cancelled', error: null, incomplete_details: null });
    const { events, response } = readStream((await reader).text);
    expect(events.at(-1)?.type).toBe('response.incomplete');
    expect(response).toMatchObject({ status: 'cancelled', output: [{ status: 'incomplete' }] });
    expect((await callResponse(bench.app, 'POST', `${id}/cancel`)).json).toEqual(json);
    expect(await retrieve(bench.app, id)).toEqual(json);
    await eventually(async () => (await (await bench.upstream.request(0)).closed) === 'aborted');
  });

  it('has one end if it is cancelled just when it completes: its status, its log and all its readers tell the same', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const moments = ['output_text.delta', 'output_text.done', 'output_item.done', 'completed'];
    const race = async (round: number): Promise<void> => {
      const stream = await openResponse(bench.app, { background: true });
      await stream.until(({ kind }) => kind === 'data');
      const id = readId(stream.items);
      const moment = `response.${moments[round % moments.length]}`;
      await stream.until((item) => item.kind === 'data' && (item.json as { type?: string }).type === moment);
      const cancels = await Promise.all(
        Array.from({ length: 3 }, () => callResponse(bench.app, 'POST', `${id}/cancel`)),
      );
      const { response: live } = readResponseStream(await stream.collect());
      const { response: stored } = readStream((await followResponse(bench.app, id)).text);
      const found = await retrieve(bench.app, id);
      const isCancelled = found.status === 'cancelled';
      expect(found.status).toBe(isCancelled ? 'cancelled' : 'completed');
      expect([live, stored]).toEqual([found, found]);
      for (const { status, json } of cancels) {
        expect(status).toBe(isCancelled ? 200 : 400);
        expect(json).toEqual(
          isCancelled
            ? found
            : {
                error: {
                  message: 'Cannot cancel a completed response.',
                  type: 'invalid_request_error',
                  param: null,
                  code: null,
                },
              },
        );
      }
    };
    for (let round = 0; round < 16; round += 4) {
      await Promise.all([0, 1, 2, 3].map((place) => race(round + place)));
    }
  }, 90_000);

  it('is read by a thousand readers with one read of the store for each part that they want', async () => {
    bench.upstream.next(scriptStream(WORDS));
    const { id } = await beginResponse(bench.app);
    await waitForEnd(id);
    const { headers } = await getJson(responseUrl(bench.app, id));
    const read = jest.spyOn(bench.app.get(RunLogStore), 'read');
    const logs = bench.app.get(LogReader);
    const lengths = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const follower = logs.follow(String(headers['millrace-run-id']));
        let length = 0;
        for (let events = await follower.next(); typeof events !== 'string'; events = await follower.next()) {
          length += events.length;
        }
        follower.close();
        return length;
      }),
    );
    expect(new Set(lengths).size).toBe(1);
    expect(lengths[0]).toBeGreaterThan(WORDS.length);
    // Its events, and that there are no more.
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('cannot be cancelled once it is completed, nor if it did not run in the background', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginResponse(bench.app);
    await waitForEnd(id);
    const { id: other } = await createResponse(bench.app);
    expect(await callResponse(bench.app, 'POST', `${id}/cancel`)).toMatchObject({
      status: 400,
      json: { error: { message: 'Cannot cancel a completed response.', param: null, code: null } },
    });
    expect((await callResponse(bench.app, 'POST', `${other}/cancel`)).status).toBe(400);
    expect((await callResponse(bench.app, 'POST', 'resp_nobody/cancel')).status).toBe(404);
  });

  it('can be continued once it has ended, and not before', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'])).next(scriptStream('More'));
    const { id } = await beginResponse(bench.app, { input: 'Hi' });
    await door.reached;
    expect(await failResponse(bench.app, { previous_response_id: id })).toMatchObject({
      status: 400,
      param: 'previous_response_id',
    });
    door.open();
    await waitForEnd(id);
    await createResponse(bench.app, { input: 'And?', previous_response_id: id });
    expect((await bench.upstream.request(1)).body['messages']).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'And?' },
    ]);
    const { json } = await getJson(responseUrl(bench.app, id, '/input_items'));
    expect(json).toMatchObject({ data: [{ role: 'user' }] });
  });

  it('ends for its readers when it is removed, and is gone then', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginResponse(bench.app);
    await door.reached;
    const reader = followResponse(bench.app, id);
    expect((await callResponse(bench.app, 'DELETE', id)).json).toEqual({ id, object: 'response', deleted: true });
    expect(readStream((await reader).text).response.status).toBe('cancelled');
    expect((await getJson(responseUrl(bench.app, id))).status).toBe(404);
    expect((await followResponse(bench.app, id)).status).toBe(404);
    expect((await callResponse(bench.app, 'DELETE', id)).status).toBe(404);
  });

  it('says in its stream what it failed with, once', async () => {
    bench.upstream.next(httpError(500, errorBody('Down')));
    const { id } = await beginResponse(bench.app);
    const { error, response } = readStream((await followResponse(bench.app, id)).text);
    expect(error).toMatchObject({ code: 'server_error' });
    expect(response).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(await retrieve(bench.app, id)).toEqual(response);
    expect((await callResponse(bench.app, 'POST', `${id}/cancel`)).status).toBe(400);
  });

  it('tells a browser that reconnects after the end to stop, and a client with a position beyond the end to start over', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id } = await beginResponse(bench.app);
    const { events } = readStream((await followResponse(bench.app, id)).text);
    const last = events.length - 1;
    const gone = await followResponse(bench.app, id, '', { 'last-event-id': `${last}` });
    expect([gone.status, gone.text]).toEqual([204, '']);
    const greater = await followResponse(bench.app, id, `&starting_after=${last - 1}`, { 'last-event-id': '0' });
    expect(greater.text.startsWith(`retry: 2000\nid: ${last}\n`)).toBe(true);
    const older = await followResponse(bench.app, id, '&starting_after=0', { 'last-event-id': `${last - 1}` });
    expect(older.text).toBe(greater.text);
    const none = await followResponse(bench.app, id, `&starting_after=${last}`, { 'last-event-id': 'x' });
    expect(stripFrames(none.text)).toBe('data: [DONE]\n\n');
    const beyond = { status: 410, json: { error: { code: 'log_truncated' } } };
    expect(await followResponse(bench.app, id, `&starting_after=${last + 1}`)).toMatchObject(beyond);
    for (const digits of ['999999999999', '9'.repeat(30), '9'.repeat(400)]) {
      expect(await followResponse(bench.app, id, `&starting_after=${digits}`)).toMatchObject(beyond);
      expect(await followResponse(bench.app, id, '', { 'last-event-id': digits })).toMatchObject(beyond);
    }
  });

  it('refuses positions that are no numbers, and streams of responses that were not in the background', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginResponse(bench.app);
    for (const wrong of ['', '-1', '1e3', '0x10', '1.5', 'x', '1&starting_after=2']) {
      const { status, json } = await followResponse(bench.app, id, `&starting_after=${wrong}`);
      expect([wrong, status, json]).toMatchObject([wrong, 400, { error: { param: 'starting_after' } }]);
    }
    const { id: other } = await createResponse(bench.app);
    expect(await followResponse(bench.app, other)).toMatchObject({ status: 400, json: { error: { param: 'stream' } } });
    expect((await followResponse(bench.app, 'resp_nobody')).status).toBe(404);
  });

  it('refuses unknown parameters and bodies instead of ignoring them', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginResponse(bench.app, {}, { 'millrace-on-disconnect': 'continue' });
    await waitForEnd(id);
    await expect(beginResponse(bench.app, {}, { 'millrace-on-disconnect': 'nonsense' })).rejects.toThrow(/^400: /);
    for (const stream of ['nonsense', '1', '', 'TRUE', 'true&stream=true']) {
      const { status, json } = await getJson(responseUrl(bench.app, id, `?stream=${stream}`));
      expect([stream, status, json]).toMatchObject([
        stream,
        400,
        { error: { param: 'stream', code: 'invalid_value' } },
      ]);
    }
    expect((await getJson(responseUrl(bench.app, id, '?stream=false'))).status).toBe(200);
  });

  it('is begun once for requests with the same Idempotency-Key', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const headers = { 'idempotency-key': 'once' };
    const [first, second] = [await beginResponse(bench.app, {}, headers), await beginResponse(bench.app, {}, headers)];
    expect(second.id).toBe(first.id);
    await waitForEnd(first.id);
  });
});

function readId(items: readonly { readonly kind: string; readonly json?: unknown }[]): string {
  const created = items.find(({ kind }) => kind === 'data')?.json as { response: { id: string } };
  return created.response.id;
}
