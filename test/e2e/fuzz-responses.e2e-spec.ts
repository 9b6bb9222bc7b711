import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bench } from '../support/app.js';
import { type HttpResponse, postJson, readResponse, send } from '../support/http-client.js';
import { describeMutations } from '../support/mutated-requests.js';
import { anyMutation, type AnyJson, listPaths, mutate } from '../support/mutations.js';
import { createResponse, responsesUrl } from '../support/responses-client.js';
import { DONE, readFrames } from '../support/sse-frames.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { assertValidError } from '../support/wire-schema.js';

/** A request with most parameters, from which the mutations start. */
const SEED = {
  model: 'chat',
  stream: false,
  store: false,
  instructions: 'Be brief',
  input: [
    { role: 'developer', content: 'Rules' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'Hi' },
        { type: 'input_image', image_url: 'data:,x', detail: 'low' },
        { type: 'input_file', file_data: 'data:,y', filename: 'f' },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [], content: null },
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Ho', annotations: [] }],
    },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', status: 'completed' },
    { type: 'custom_tool_call', call_id: 'd', name: 'g', input: 'x' },
    { type: 'web_search_call', id: 'ws_1', status: 'completed' },
    { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: '5' }] },
    { type: 'custom_tool_call_output', call_id: 'd', output: 'y' },
  ],
  temperature: 0.5,
  top_p: 1,
  max_output_tokens: 10,
  top_logprobs: 2,
  include: ['message.output_text.logprobs'],
  text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  tools: [
    { type: 'function', name: 'f', parameters: { type: 'object' } },
    { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'regex', definition: 'x' } },
    { type: 'web_search' },
  ],
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
  metadata: { a: 'b' },
  user: 'u',
};

describe('a request for a response, however it was mutated', () => {
  let bench: Bench;
  beforeAll(async () => {
    // A response repeats the client's tools and tier, which fit no schema after mutations.
    bench = await Bench.start({ isWatched: false });
    bench.upstream.always(scriptStream('ok'));
  });
  afterAll(() => bench.close());

  const expectSane = async (body: string): Promise<void> => {
    const response = await postJson(responsesUrl(bench.app), body);
    const { status, json, headers, text } = response;
    expect(headers['x-request-id']).toBeDefined();
    if (headers['content-type']?.startsWith('text/event-stream') === true) {
      expectOneEnd(text);
      return;
    }
    if (status === 200) {
      expect(json).toMatchObject({ object: 'response', status: 'completed', output: [{ content: [{ text: 'ok' }] }] });
      return;
    }
    expectRefused(response);
  };

  const expectRefused = ({ status, json }: HttpResponse, ...others: readonly number[]): void => {
    assertValidError(json);
    expect([400, 404, ...others]).toContain(status);
    expect(json.error.message).not.toBe('');
  };

  describeMutations(SEED, ['model', 'input'], expectSane);

  it('is answered by a stream with one end, or refused with a 4xx and an envelope', async () => {
    const seeds: readonly AnyJson[] = [SEED, { model: SEED.model, input: SEED.input }];
    const mutations = fc.array(anyMutation(listPaths(SEED)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(mutations, fc.constantFrom(...seeds), async (changes, seed) => {
        const body = changes.reduce<AnyJson>((value, change) => mutate(value, change), structuredClone(seed));
        if (typeof body === 'object' && body !== null && !Array.isArray(body)) body['stream'] = true;
        await expectSane(JSON.stringify(body));
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it('for a stored one is answered, or refused with a 4xx and an envelope, whatever its address', async () => {
    const { id } = await createResponse(bench.app);
    const anyId = fc.oneof(
      fc.constant(id),
      fc.string().map(encodeURIComponent),
      fc.constantFrom('%', '%ff', '..', ' '),
    );
    const anyQuery = fc.array(
      fc.tuple(
        fc.constantFrom('stream', 'starting_after', 'limit', 'order', 'after', 'include[]', '__proto__', 'after[x]'),
        fc.oneof(fc.constantFrom('true', '0', '1', '20', 'desc', id, '-1', '9'.repeat(400), '%'), fc.string()),
      ),
      { maxLength: 3 },
    );
    const anyCall = fc.constantFrom('GET ', 'GET /input_items', 'POST /cancel', 'PUT ', 'GET /cancel', 'POST /else');
    await fc.assert(
      fc.asyncProperty(anyId, anyCall, anyQuery, async (one, call, query) => {
        const [method = '', rest = ''] = call.split(' ');
        const search = query.map(([name, value]) => `${name}=${value === '%' ? value : encodeURIComponent(value)}`);
        const url = `${responsesUrl(bench.app)}/${one}${rest}?${search.join('&')}`;
        const response = await readResponse(await send(method, url, undefined).response);
        if (response.status !== 200) expectRefused(response, 405);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

/** Checks rules that hold for every stream: its numbers have no gaps, and it has one terminal event, which is the last. */
function expectOneEnd(text: string): void {
  const data = readFrames(text).flatMap((item) => (item.kind === 'data' ? [item.data] : []));
  expect(data.pop()).toBe(DONE);
  const events = data.map((json) => JSON.parse(json) as { readonly type: string; readonly sequence_number: number });
  expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, place) => place));
  expect(events[0]?.type).toBe('response.created');
  const ends = events.filter(({ type }) => /^response\.(?:completed|incomplete|failed)$/.test(type));
  expect(ends).toEqual([events.at(-1)]);
}
