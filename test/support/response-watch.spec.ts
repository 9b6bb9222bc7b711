import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ResponseWatch } from './response-watch.js';

const CHUNK = {
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null }],
};

describe('ResponseWatch', () => {
  let server: Server;
  let watch: ResponseWatch;
  let scripted: { readonly type: string; readonly writes: readonly string[] };
  beforeEach(async () => {
    server = createServer((_request, response) => {
      response.setHeader('content-type', scripted.type);
      for (const bytes of scripted.writes) response.write(bytes);
      response.end();
    });
    watch = new ResponseWatch(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });
  const countFaults = async (
    type: string,
    writes: readonly string[],
    path = '/v1/chat/completions',
  ): Promise<number> => {
    scripted = { type, writes };
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).text();
    return watch.faults.length;
  };
  const frame = (json: unknown): string => `data: ${JSON.stringify(json)}\n\n`;

  it('is content with what fits', async () => {
    const error = { error: { message: 'm', type: 'server_error', param: null, code: null } };
    const stream = [`: hi\n\n${frame(CHUNK)}${frame(CHUNK)}`, frame(error), 'data: [DONE]\n\n'];
    expect(await countFaults('text/event-stream', stream)).toBe(0);
    expect(await countFaults('application/json', [JSON.stringify(error)])).toBe(0);
    watch.assertValid();
  });

  it("takes a writer's own framing of chunks off, whose lengths must be right", async () => {
    const frameChunk = (text: string, length = Buffer.byteLength(text)): string =>
      `${length.toString(16)}\r\n${text}\r\n`;
    const text = frame({ ...CHUNK, choices: [{ index: 0, delta: { content: 'Grüße' }, finish_reason: null }] });
    expect(
      await countFaults('text/event-stream', [frameChunk(text), `${frameChunk('data: [DONE]\n\n')}0\r\n\r\n`]),
    ).toBe(0);
    expect(await countFaults('text/event-stream', [frameChunk(text, text.length)])).toBe(1);
  });

  it.each([
    ['a chunk without an id', 'text/event-stream', frame({ ...CHUNK, id: undefined })],
    [
      'a chunk with content that is an object',
      'text/event-stream',
      frame({ ...CHUNK, choices: [{ index: 0, delta: { content: {} }, finish_reason: null }] }),
    ],
    ['an error that is a text', 'text/event-stream', frame({ error: 'boom' })],
    ['no JSON', 'text/event-stream', 'data: {\n\n'],
    ['a completion without choices', 'application/json', '{"id":"c","object":"chat.completion"}'],
  ])('reports %s', async (_, type, bytes) => {
    expect(await countFaults(type, [bytes])).toBe(1);
    expect(() => watch.assertValid()).toThrow('do not fit');
  });

  it('looks at the routes of OpenAI only', async () => {
    expect(await countFaults('application/json', ['{"status":"ok"}'], '/health/live')).toBe(0);
  });
});
