import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { Bench } from '../support/bench.js';
import { BodyWatch } from '../support/conversations.js';
import { NetworkWatch } from '../support/network-watch.js';
import { catchRejection } from '../support/checks.js';
import { OPENAI_VERSIONS } from '../support/openai-versions.js';
import { readOutputText } from '../support/response-rules.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

const ADD = {
  type: 'function' as const,
  name: 'add',
  strict: true,
  parameters: {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'number' } },
    required: ['a', 'b'],
    additionalProperties: false,
  },
};

describe.each(OPENAI_VERSIONS)('the openai SDK %s as a client of responses', (version, Sdk) => {
  let network: NetworkWatch;
  let bench: Bench;
  let client: OpenAI;
  beforeEach(async () => {
    network = NetworkWatch.start();
    bench = await Bench.start();
    client = new Sdk({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
  });
  afterEach(async () => {
    await bench.close();
    network.stop();
  });

  it('creates a response', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const response = await client.responses.create({ model: 'chat', input: 'Hello' });
    expect(response.output_text).toBe('Hello there.');
    expect(response.usage?.total_tokens).toBe(7);
    expect(response._request_id).toMatch(/^req_/);
  });

  it('iterates a stream over two steps', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    let said = '';
    let last: string | undefined;
    const stream = await client.responses.create({ model: 'streaming', input: 'Hello', stream: true });
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta;
      last = event.type;
    }
    expect(said).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(last).toBe('response.completed');
  });

  it('follows the .stream() helper to its final response, thoughts and calls too', async () => {
    bench.upstream.next([steps.reasoning('I must add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })]);
    const stream = client.responses.stream({ model: 'chat', input: 'How much is 2 + 3?', tools: [ADD] });
    const types = new Set<string>();
    stream.on('event', ({ type }) => types.add(type));
    const final = await stream.finalResponse();
    expect(final.status).toBe('completed');
    expect(final.output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'I must add.' }] },
      { type: 'function_call', call_id: 'call_1', arguments: '{"a":2,"b":3}' },
    ]);
    expect(types).toContain('response.function_call_arguments.done');
  });

  it('parses structured output, whole and streamed', async () => {
    bench.upstream.always(scriptCompletion(ULM));
    const body = { model: 'chat', input: 'Which city?', text: { format: zodTextFormat(City, 'city') } };
    expect((await client.responses.parse(body)).output_parsed).toEqual(ULM);
    expect((await client.responses.stream(body).finalResponse()).output_parsed).toEqual(ULM);
    expect((await bench.upstream.request(1)).body['response_format']).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'city', strict: true },
    });
  });

  it('gets a refusal', async () => {
    bench.upstream.always([steps.role(), steps.refusal('No.'), steps.finish('stop'), steps.done()]);
    const refused = await client.responses.stream({ model: 'chat', input: 'Hi' }).finalResponse();
    expect(refused.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'No.' }] }]);
  });

  it('tolerates node events that it did not expect', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const stream = client.responses.stream(
      { model: 'streaming', input: 'Hello' },
      { headers: { 'millrace-events': 'true' } },
    );
    expect(readOutputText(await stream.finalResponse())).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
  });

  it('gets errors before the response begins, with their status', async () => {
    const failed = await catchRejection(client.responses.create({ model: 'nobody', input: 'Hello' }));
    expect(failed).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    bench.upstream.next(steps.httpError(500, 'down'));
    expect(await catchRejection(client.responses.create({ model: 'chat', input: 'Hello' }))).toMatchObject({
      status: 502,
    });
  });

  it('gets the text so far, and then the error with its words, iterating and by its helper', async () => {
    bench.upstream.always([steps.role(), steps.text('Once upon'), steps.reset()]);
    const stream = await client.responses.create({ model: 'chat', input: 'Hello', stream: true });
    let said = '';
    const read = async (): Promise<void> => {
      for await (const event of stream) if (event.type === 'response.output_text.delta') said += event.delta;
    };
    const broken = await catchRejection(read());
    const helped = await catchRejection(client.responses.stream({ model: 'chat', input: 'Hello' }).finalResponse());
    expect(said).toBe('Once upon');
    for (const error of [broken, helped]) {
      expect(error).toBeInstanceOf(Sdk.APIError);
      expect((error as Error).message).toContain('model provider broke');
    }
  });

  it('continues with its own list of items, parsed ones too', async () => {
    const sent = new BodyWatch(bench.app.nest.getHttpServer());
    bench.upstream
      .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'))
      .next(scriptStream('It was 5.'));
    const input: ResponseInput = [{ role: 'user', content: 'How much is 2 + 3?' }];
    const ask = async (): Promise<OpenAI.Responses.Response> => {
      const response = await client.responses
        .stream({ model: 'chat', input: [...input], tools: [ADD] })
        .finalResponse();
      input.push(...(response.output as ResponseInput));
      return response;
    };
    await ask();
    input.push({ type: 'function_call_output', call_id: 'call_1', output: '5' });
    expect(readOutputText(await ask())).toBe('It is 5.');
    input.push({ role: 'user', content: 'What was it?' });
    expect(readOutputText(await ask())).toBe('It was 5.');
    sent.expectFixture(`openai-${version}-items`);
  });

  it('continues from the response before', async () => {
    const sent = new BodyWatch(bench.app.nest.getHttpServer());
    bench.upstream
      .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
      .next(scriptStream('It is 5.'))
      .next(scriptStream('It was 5.'));
    const question = { model: 'chat', tools: [ADD] };
    const first = await client.responses.create({ ...question, input: 'How much is 2 + 3?' });
    const second = await client.responses.create({
      ...question,
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: 'call_1', output: '5' }],
    });
    const third = await client.responses
      .stream({ ...question, previous_response_id: second.id, input: 'What was it?' })
      .finalResponse();
    expect([second.output_text, readOutputText(third)]).toEqual(['It is 5.', 'It was 5.']);
    sent.expectFixture(`openai-${version}-chained`);
  });

  it('retrieves a stored response, lists what it was asked, and deletes it', async () => {
    bench.upstream.next(scriptStream('Hello there.'));
    const { id } = await client.responses.create({ model: 'chat', input: 'Hello' });
    expect((await client.responses.retrieve(id)).output_text).toBe('Hello there.');
    const items: unknown[] = [];
    for await (const item of client.responses.inputItems.list(id)) items.push(item);
    expect(items).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }]);
    await client.responses.delete(id);
    expect(await catchRejection(client.responses.retrieve(id))).toBeInstanceOf(Sdk.NotFoundError);
  });
});
