import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { postJson } from '../support/http-client.js';
import { MetricsPage } from '../support/metrics-page.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { assertValidError } from '../support/wire-schema.js';

const MEGABYTE = 1024 ** 2;
/** The size of the largest body that is accepted, in bytes. */
const LARGE = 10 * MEGABYTE - 1_000;
const [ONE, TWO] = ['sk-one', 'sk-two'];

const chat = (extra: string): string => `{"model":"chat","messages":[{"role":"user","content":"Hello"}]${extra}}`;
const list = (item: string): string => `[${`${item},`.repeat(Math.floor(LARGE / (item.length + 1)) - 1)}${item}]`;
/** Objects in which all keys differ: they take the most memory and the most time to parse. */
const unlike = (count: number): string =>
  `[${Array.from({ length: count }, (_, i) => `{"${i.toString(36)}":{}}`).join(',')}]`;

/**
 * Bodies that are small on the wire and large in memory, or large themselves. A container of 512 MB must survive them,
 * though half of them would fill it if all were read at once.
 */
describe('a server with 256 MB of heap, and bodies from the holder of one key', () => {
  let server: ServerProcess;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    await ensureServerIsBuilt();
    server = await startServerProcess({
      env: {
        NODE_OPTIONS: '--max-old-space-size=256',
        API_KEYS: `${ONE},${TWO}`,
        DEMO_TOKENS_PER_SECOND: '0',
        MAX_QUEUE_WAIT_MS: '3000',
      },
    });
    // The first response loads modules that later ones need.
    expect(await ask(chat(''), TWO)).toBe(200);
  }, 120_000);
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => server.process.stop());

  const ask = async (
    body: string | Buffer,
    key: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<number> => {
    const url = `${server.url}/v1/chat/completions`;
    const { status, json } = await postJson(url, body, { authorization: `Bearer ${key}`, ...headers });
    if (status !== 200) assertValidError(json);
    return status;
  };

  /** The most memory that the process has had so far. */
  const peak = (): number => {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  };

  /** Sends many requests with one key, and single ones with the other key until all have a response. */
  const endure = async (crowd: () => readonly Promise<number>[], expected: readonly number[]): Promise<void> => {
    const over = new AbortController();
    const all = Promise.all(crowd()).finally(() => over.abort());
    const others: number[] = [];
    do others.push(await ask(chat(''), TWO));
    while (!over.signal.aborted);
    const statuses = new Set(await all);
    expect([...statuses].filter((status) => !expected.includes(status))).toEqual([]);
    // One that had to wait for the crowd would be refused after MAX_QUEUE_WAIT_MS.
    expect(new Set(others)).toEqual(new Set([200]));
    // Bodies that are parsed take turns with other requests: at least one has its response before the last of the crowd.
    // No time is measured, because this process, which writes hundreds of megabytes, delays its own requests.
    if (statuses.has(200)) expect(others.length).toBeGreaterThan(1);
    if (process.platform === 'linux') expect(peak()).toBeLessThan(512 * MEGABYTE);
  };
  const times = (count: number, one: () => Promise<number>): readonly Promise<number>[] =>
    Array.from({ length: count }, one);

  it('that Brotli has compressed', async () => {
    const bomb = brotliCompressSync(chat(`,"x":${list('{}')}`), { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    expect(bomb.length).toBeLessThan(200);
    await endure(() => times(60, () => ask(bomb, ONE, { 'content-encoding': 'br' })), [415]);
  }, 60_000);

  it.each([
    ['millions of empty objects', () => chat(`,"x":${list('{}')}`), 4, [400]],
    ['millions of empty lists', () => chat(`,"x":${list('[]')}`), 4, [400]],
    ['millions of numbers', () => chat(`,"x":${list('1')}`), 4, [400]],
    ['millions of brackets', () => chat(`,"x":${'['.repeat(LARGE / 2)}${']'.repeat(LARGE / 2 - 100)}`), 4, [400]],
    ['as many values as are taken', () => chat(`,"x":${unlike(49_900)}`), 12, [200, 429]],
    ['one long text', () => chat(`,"x":"${'a'.repeat(LARGE - 100)}"`), 40, [200, 429]],
    ['one long message', () => chat('').replace('Hello', 'word '.repeat(LARGE / 5 - 100)), 4, [200, 429]],
    ['text that takes two bytes for each', () => chat(`,"x":"${'a'.repeat(LARGE - 100)}я"`), 6, [200, 429]],
  ])(
    'of %s',
    async (_, make, count, expected) => {
      const body = make();
      await endure(() => times(count, () => ask(body, ONE)), expected);
    },
    60_000,
  );

  it('of no announced length', async () => {
    const body = chat(`,"x":"${'a'.repeat(LARGE - 100)}"`);
    await endure(() => times(12, () => ask(body, ONE, { 'transfer-encoding': 'chunked' })), [200, 429]);
    await endure(
      () => times(4, () => ask(`${body}${' '.repeat(2_000)}`, ONE, { 'transfer-encoding': 'chunked' })),
      [413, 429],
    );
  }, 60_000);

  it('that do not end', async () => {
    const { hostname, port } = new URL(server.url);
    for (let i = 0; i < 20; i++) {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      sockets.push(socket);
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ONE}\r\n` +
          `content-type: application/json\r\ncontent-length: ${LARGE}\r\n\r\n${chat('').repeat(1_000)}`,
      );
    }
    const isWaiting = async (): Promise<boolean> =>
      (await MetricsPage.of(server.url)).sum('millrace_waiting_bodies') > 0;
    await eventually(isWaiting, { message: 'a body that waits' });
    await endure(() => times(3, () => ask(chat(`,"x":"${'a'.repeat(LARGE - 100)}"`), ONE)), [429]);
  }, 60_000);

  it('leave nothing behind', async () => {
    await eventually(
      async () => {
        expect(
          (await postJson(`${server.url}/v1/chat/completions`, chat(''), { authorization: `Bearer ${ONE}` })).status,
        ).toBe(200);
        const page = await MetricsPage.of(server.url);
        return page.sum('millrace_body_memory_bytes') + page.sum('millrace_waiting_bodies') === 0;
      },
      { message: 'the memory of all bodies' },
    );
    expect(await ask(chat(`,"x":"${'a'.repeat(LARGE - 100)}"`), ONE)).toBe(200);
  }, 60_000);
});
