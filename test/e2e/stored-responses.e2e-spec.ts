import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { getJson, type HttpResponse, readResponse, send } from '../support/http-client.js';
import { assertValidItemList, assertValidResponse } from '../support/response-schemas.js';
import {
  askResponse,
  createResponse,
  failResponse,
  responsesUrl,
  streamResponse,
} from '../support/responses-client.js';
import { scriptStream, scriptToolCalls } from '../support/upstream/scripts.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

/** Sends a request without a body. */
async function call(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  return readResponse(await send(method, url, undefined, { headers }).response);
}

interface ItemList {
  readonly data: readonly { readonly id: string; readonly type: string; readonly content?: unknown }[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

describe('a stored response', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  const makeUrl = (id: string, rest = ''): string => `${responsesUrl(bench.app)}/${id}${rest}`;
  const list = async (id: string, query = ''): Promise<ItemList> => {
    const { json } = await getJson(makeUrl(id, `/input_items${query}`));
    return json as ItemList;
  };

  it('can be read as the client got it as soon as its stream has ended', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const whole = await createResponse(bench.app, { metadata: { a: 'b' } });
    expect(whole).toHaveProperty('store', true);
    expect((await getJson(makeUrl(whole.id))).json).toEqual(whole);
    const { response: streamed } = await streamResponse(bench.app);
    const { status, json } = await getJson(makeUrl(streamed.id));
    expect(status).toBe(200);
    assertValidResponse(json);
    expect(json).toEqual(streamed);
  });

  it('can be continued, and branched from', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const first = await createResponse(bench.app, { input: 'Hi', instructions: 'Be brief' });
    const second = await createResponse(bench.app, { input: 'More', previous_response_id: first.id });
    await createResponse(bench.app, { input: 'Else', previous_response_id: first.id });
    await createResponse(bench.app, { input: 'Last', previous_response_id: second.id });
    const said = { role: 'assistant', content: 'Hello' };
    const user = (content: string) => ({ role: 'user', content });
    const readSent = async (index: number) => (await bench.upstream.request(index)).body['messages'];
    expect(await readSent(1)).toEqual([user('Hi'), said, user('More')]);
    expect(await readSent(2)).toEqual([user('Hi'), said, user('Else')]);
    expect(await readSent(3)).toEqual([user('Hi'), said, user('More'), said, user('Last')]);
  });

  it('takes the output of a tool that it called, and nothing else', async () => {
    bench.upstream.next(scriptToolCalls('call_1', 'f', {}));
    const { id } = await createResponse(bench.app, { tools: [{ type: 'function', name: 'f' }] });
    expect(await failResponse(bench.app, { input: 'Well?', previous_response_id: id })).toMatchObject({
      status: 400,
      param: 'input',
      message: 'No tool output found for function call call_1.',
    });
    bench.upstream.next(scriptStream('Done'));
    const output = { type: 'function_call_output', call_id: 'call_1', output: 'ok' };
    await createResponse(bench.app, { input: [output], previous_response_id: id });
    const { body } = await bench.upstream.request(1);
    expect(body['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_1' }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'ok' },
    ]);
  });

  it('has items that later requests refer to', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const { output } = await createResponse(bench.app);
    const reference = { type: 'item_reference', id: output[0]?.id };
    await createResponse(bench.app, {
      input: [{ role: 'user', content: 'Hi' }, reference, { role: 'user', content: 'More' }],
    });
    const { body } = await bench.upstream.request(1);
    expect(body['messages']).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'More' },
    ]);
    const own = { input: [{ role: 'user', content: 'Hi', id: 'msg_own' }] };
    await createResponse(bench.app, own);
    expect(await failResponse(bench.app, { input: [{ id: 'msg_own' }] })).toMatchObject({
      status: 404,
      param: 'input',
    });
  });

  it('lists what it was asked, the newest first, page by page', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const first = await createResponse(bench.app, { input: 'Hi' });
    const second = await createResponse(bench.app, {
      input: [{ role: 'user', content: 'More', id: 'own' }],
      previous_response_id: first.id,
    });
    const all = await list(second.id);
    assertValidItemList(all);
    expect(all.data).toMatchObject([
      { id: 'own', content: [{ type: 'input_text', text: 'More' }] },
      { id: first.output[0]?.id, content: [{ type: 'output_text', text: 'Hello' }] },
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
    ]);
    expect([all.first_id, all.last_id, all.has_more]).toEqual(['own', all.data[2]?.id, false]);
    const page = await list(second.id, '?limit=1&after=own&order=desc&include[]=x');
    expect([page.data.length, page.first_id, page.has_more]).toEqual([1, first.output[0]?.id, true]);
    expect((await list(second.id, '?order=asc')).data.at(-1)?.id).toBe('own');
    expect(await list(second.id, `?after=${all.last_id}`)).toMatchObject({ data: [], first_id: null, last_id: null });
  });

  it('refuses invalid queries for its items', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id } = await createResponse(bench.app);
    for (const [query, param] of [
      ['?limit=0', 'limit'],
      ['?limit=101', 'limit'],
      ['?limit=1e1', 'limit'],
      ['?limit=1&limit=2', 'limit'],
      ['?order=up', 'order'],
      ['?after=msg_0', 'after'],
    ] as const) {
      const { status, json } = await getJson(makeUrl(id, `/input_items${query}`));
      expect([status, (json as { error: { param: string } }).error.param]).toEqual([400, param]);
    }
  });

  it('is removed once, with its items, and leaves responses that continue it', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const first = await createResponse(bench.app);
    const second = await createResponse(bench.app, { input: 'More', previous_response_id: first.id });
    const { status, json } = await call('DELETE', makeUrl(first.id));
    expect([status, json]).toEqual([200, { id: first.id, object: 'response', deleted: true }]);
    expect((await call('DELETE', makeUrl(first.id))).status).toBe(404);
    expect((await getJson(makeUrl(first.id))).status).toBe(404);
    expect(await failResponse(bench.app, { input: [{ id: first.output[0]?.id }] })).toMatchObject({ status: 404 });
    await createResponse(bench.app, { input: 'Last', previous_response_id: second.id });
    const { body } = await bench.upstream.request(2);
    expect(body['messages']).toHaveLength(5);
  });

  it('is not there unless it was stored', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const { id, ...response } = await createResponse(bench.app, { store: false });
    expect(response).toHaveProperty('store', false);
    for (const url of [
      makeUrl(id),
      makeUrl(id, '/input_items'),
      makeUrl('resp_0'),
      makeUrl('resp_0', '?stream=true'),
    ]) {
      const { status, json } = await getJson(url);
      expect(status).toBe(404);
      expect(json).toEqual({
        error: {
          message: expect.stringContaining('not found.'),
          type: 'invalid_request_error',
          param: null,
          code: null,
        },
      });
    }
  });

  it('can neither be cancelled nor streamed again', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id } = await createResponse(bench.app);
    const cancelled = await call('POST', makeUrl(id, '/cancel'));
    expect([cancelled.status, cancelled.json]).toMatchObject([
      400,
      { error: { message: 'Cannot cancel a completed response.', param: null, code: null } },
    ]);
    expect((await call('POST', makeUrl('resp_0', '/cancel'))).status).toBe(404);
    const streamed = await getJson(makeUrl(id, '?stream=true&starting_after=1'));
    expect([streamed.status, streamed.json]).toMatchObject([400, { error: { param: 'stream', code: null } }]);
  });

  it('answers only the methods of its route', async () => {
    for (const [method, path, status] of [
      ['PUT', '/resp_0', 405],
      ['POST', '/resp_0', 405],
      ['DELETE', '/resp_0/input_items', 405],
      ['GET', '/resp_0/cancel', 405],
      ['POST', '/compact', 404],
      ['POST', '/input_tokens', 404],
      ['GET', '/resp_0/else', 404],
    ] as const) {
      expect((await call(method, `${responsesUrl(bench.app)}${path}`)).status).toBe(status);
    }
  });
});

describe('a stored response of somebody else', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start({ env: KEYS });
  });
  afterEach(() => bench.close());

  it('is not there', async () => {
    bench.upstream.next(scriptStream('Hello'));
    const { id, output } = await createResponse(bench.app, {}, ANN);
    const url = `${responsesUrl(bench.app)}/${id}`;
    const responses = [
      await getJson(url, BOB),
      await getJson(`${url}/input_items`, BOB),
      await call('DELETE', url, BOB),
      await call('POST', `${url}/cancel`, BOB),
    ];
    expect(responses.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await askResponse(bench.app, { previous_response_id: id }, BOB)).toMatchObject({ status: 400 });
    expect(await askResponse(bench.app, { input: [{ id: output[0]?.id }] }, BOB)).toMatchObject({ status: 404 });
    expect((await getJson(url, ANN)).status).toBe(200);
  });
});
