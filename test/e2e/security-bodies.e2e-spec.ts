import { text as readText } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { within } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { expectRefused, HostileClient } from '../support/hostile-client.js';
import { getJson, postJson } from '../support/http-client.js';
import { readRawResponses, writePost, writeRequest } from '../support/raw-http.js';
import { CHAT_JSON } from '../support/messages.js';

const MEGABYTE = 1024 ** 2;

describe('security', () => {
  let client: HostileClient;
  beforeAll(async () => {
    client = await HostileClient.start();
  });
  afterEach(() => client.leaveUnharmed());
  afterAll(() => client.close());

  describe('bodies', () => {
    const fill = (item: string, size: number): string =>
      `[${Array.from({ length: Math.floor(size / (item.length + 1)) }, () => item).join(',')}]`;

    it.each([
      ['millions of numbers for messages', CHAT_JSON.replace(/\[.*\]/, fill('1', 8 * MEGABYTE)), 400],
      ['millions of empty messages', CHAT_JSON.replace(/\[.*\]/, fill('{}', 2 * MEGABYTE)), 400],
      ['millions of empty parts', CHAT_JSON.replace('"Hello"', fill('{}', 2 * MEGABYTE)), 400],
      ['millions of stop sequences', CHAT_JSON.replace('{', `{"stop":${fill('"a"', 8 * MEGABYTE)},`), 400],
      [
        'millions of brackets',
        CHAT_JSON.replace('{', `{"a":${'['.repeat(4 * MEGABYTE)}${']'.repeat(4 * MEGABYTE)},`),
        400,
      ],
      [
        'hundreds of thousands of parameters',
        CHAT_JSON.replace('{', `{${Array.from({ length: 400_000 }, (_, i) => `"${i}":1,`).join('')}`),
        400,
      ],
      ['a number with a million digits', CHAT_JSON.replace('{', `{"temperature":${'9'.repeat(MEGABYTE)},`), 400],
      ['one long string', CHAT_JSON.replace('Hello', 'a'.repeat(8 * MEGABYTE)), 200],
    ])('of %s are answered', async (_, body, status) => {
      const response = await postJson(client.app.chatUrl, body);
      expect(response.status).toBe(status);
      if (status === 400) expectRefused({ status, body: response.text }, [400]);
      expect(response.text.length).toBeLessThan(10_000);
    });

    it('count by the last value where they give two', async () => {
      const body = CHAT_JSON.replace('{', '{"model":"none",');
      expect((await postJson(client.app.chatUrl, body)).status).toBe(200);
      expect((await postJson(client.app.chatUrl, body.replace('"chat"', '"nobody"'))).text).toContain('`nobody`');
    });

    it.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('that %s has compressed are not read', async (encoding, compress) => {
      for (const body of [CHAT_JSON, ' '.repeat(128 * MEGABYTE)]) {
        const bytes = compress(Buffer.from(body));
        const head = writeRequest('POST /v1/chat/completions', [
          'content-type: application/json',
          `content-encoding: ${encoding}`,
          `content-length: ${bytes.length}`,
        ]);
        const response = await client.readResponse(Buffer.concat([Buffer.from(head), bytes]));
        expectRefused(response, [415]);
        expect(response.body).toContain('without Content-Encoding');
      }
      expect((await client.readResponse(writePost(CHAT_JSON, 'content-encoding: identity'))).status).toBe(200);
    });

    it('that are too large are refused by their length, before they come', async () => {
      const socket = client.open();
      socket.write(
        writeRequest('POST /v1/chat/completions', ['content-type: application/json', 'content-length: 999999999']),
      );
      const first = await within(new Promise<Buffer>((resolve) => socket.once('data', resolve)));
      expectRefused(readRawResponses(first.toString())[0] ?? { status: 0, body: '' }, [413]);
    });

    it('without an announced length are cut off as soon as they are too large, however long they continue', async () => {
      const limited = await TestApp.start({ env: { BODY_LIMIT: '64kb', HTTP_REQUEST_TIMEOUT_MS: '500' } });
      let drip: NodeJS.Timeout | undefined;
      try {
        const socket = client.open(limited.url);
        const head = writeRequest('POST /v1/chat/completions', [
          'content-type: application/json',
          'transfer-encoding: chunked',
        ]);
        const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`;
        socket.write(head);
        drip = setInterval(() => socket.writable && socket.write(chunk), 5);
        const whole = readText(socket);
        const first = await within(new Promise<Buffer>((resolve) => socket.once('data', resolve)));
        expectRefused(readRawResponses(first.toString())[0] ?? { status: 0, body: '' }, [413]);
        // The client itself never ends the body.
        await within(whole, { within: 8_000, message: 'the end of the connection' });
        expect((await getJson(`${limited.url}/health/live`)).status).toBe(200);
      } finally {
        clearInterval(drip);
        await limited.close();
      }
    });

    it('that nobody waits for are cut off after half a minute', async () => {
      const clock = new FakeClock();
      const patient = await TestApp.start({ clock });
      try {
        const socket = client.open(patient.url);
        const head = ['content-type: application/json', 'content-length: 999999999'];
        socket.write(writeRequest('POST /v1/chat/completions', head).replace('connection: close\r\n', ''));
        const whole = readText(socket);
        await within(new Promise((resolve) => socket.once('data', resolve)));
        clock.advance(29_000);
        expect(socket.readyState).toBe('open');
        clock.advance(2_000);
        expect(readRawResponses(await within(whole)).map(({ status }) => status)).toEqual([413]);
      } finally {
        await patient.close();
      }
    });

    it('that are shorter than they say run nothing', async () => {
      const socket = client.open();
      socket.end(writePost(CHAT_JSON).replace(/content-length: \d+/, 'content-length: 500'));
      const responses = readRawResponses(
        await within(readText(socket), { within: 8_000, message: 'the end of the connection' }),
      );
      expect(responses.map(({ status }) => status).filter((status) => status < 400)).toEqual([]);
    });

    it.each([
      ['two lengths', ['content-length: 5', 'content-length: 6'], '123456'],
      ['a length and chunks', ['content-length: 5', 'transfer-encoding: chunked'], '0\r\n\r\n'],
      ['a length that is not a number', ['content-length: 5x'], '12345'],
      ['a negative length', ['content-length: -1'], ''],
      ['an encoding that hides the chunks', ['transfer-encoding: xchunked'], '0\r\n\r\n'],
      ['a chunk of a size that is not a number', ['transfer-encoding: chunked'], 'zz\r\nx\r\n0\r\n\r\n'],
    ])('with %s cannot smuggle a request past a gateway', async (_, headers, body) => {
      const smuggled = writeRequest('GET /v1/models');
      const first = writeRequest('POST /v1/chat/completions', ['content-type: application/json', ...headers], body);
      const responses = await client.exchange(first.replace('connection: close\r\n', '') + smuggled);
      expect(responses).toHaveLength(1);
      expectRefused(responses[0] ?? { status: 0, body: '' }, [400]);
    });
  });
});
