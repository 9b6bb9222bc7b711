import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import type OpenAI from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { Bench } from '../support/app.js';
import { beginResponse, responseUrl } from '../support/background-client.js';
import { eventually } from '../support/eventually.js';
import { OPENAI_VERSIONS } from '../support/openai-versions.js';
import { readOutputText } from '../support/response-rules.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.start();
});
afterEach(() => bench.close());

describe.each(OPENAI_VERSIONS)('the openai SDK %s as a client of responses in the background', (_, Sdk) => {
  let client: OpenAI;
  beforeEach(() => {
    client = new Sdk({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
  });

  it('leaves a stream and comes back for the rest', async () => {
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo ', 'you']));
    const events: ResponseStreamEvent[] = [];
    let id = '';
    for await (const event of await client.responses.create({
      model: 'chat',
      input: 'Hello',
      background: true,
      stream: true,
    })) {
      events.push(event);
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') break;
    }
    door.open();
    const after = events.at(-1)?.sequence_number ?? -1;
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: after })) {
      events.push(event);
    }
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((__, place) => place));
    const said = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
    expect(said).toBe('Hello you');
    expect(events.at(-1)?.type).toBe('response.completed');
  });

  it('builds the whole response with its helper from an event in the middle', async () => {
    bench.upstream.next(scriptStream('Hello you'));
    const { id } = await client.responses.create({ model: 'chat', input: 'Hello', background: true });
    await eventually(async () => (await client.responses.retrieve(id)).status === 'completed');
    const stream = client.responses.stream({ response_id: id, starting_after: 3 });
    const response = await stream.finalResponse();
    expect([response.status, readOutputText(response)]).toEqual(['completed', 'Hello you']);
  });

  it('cancels, and removes', async () => {
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id, status } = await client.responses.create({ model: 'chat', input: 'Hello', background: true });
    expect(status).toBe('queued');
    await door.reached;
    const cancelled = await client.responses.cancel(id);
    expect(cancelled.status).toBe('cancelled');
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });
});

describe('EventSource as a client of responses in the background', () => {
  it('continues by itself where it was cut off, and stops at the end', async () => {
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo ', 'you']));
    const { id } = await beginResponse(bench.app);
    const numbers: number[] = [];
    let said = '';
    let requests = 0;
    const source = new EventSource(responseUrl(bench.app, id, '?stream=true'), {
      fetch: (url, init) => {
        requests++;
        return fetch(url, init);
      },
    });
    const take = ({ data, lastEventId }: { data: string; lastEventId: string }): void => {
      const event = JSON.parse(data) as ResponseStreamEvent;
      expect(Number(lastEventId)).toBe(event.sequence_number);
      numbers.push(event.sequence_number);
      if (event.type === 'response.output_text.delta') said += event.delta;
    };
    for (const type of TYPES) source.addEventListener(type, take);
    try {
      await eventually(() => said === 'Hel');
      bench.app.nest.getHttpServer().closeAllConnections();
      await eventually(() => requests === 2, { within: 15_000 });
      door.open();
      await eventually(() => source.readyState === EventSource.CLOSED, { within: 15_000 });
      expect(said).toBe('Hello you');
      expect(numbers).toEqual(numbers.map((_, place) => place));
      expect(requests).toBe(3);
    } finally {
      door.open();
      source.close();
    }
  }, 45_000);
});

const TYPES = [
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.output_item.added',
  'response.content_part.added',
  'response.output_text.delta',
  'response.output_text.done',
  'response.content_part.done',
  'response.output_item.done',
  'response.completed',
];
