import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import type { ResponseBody } from './response-body.js';
import type { UpstreamResponse } from './exchange.js';
import { UpstreamTransport } from './upstream-transport.js';

/** A server whose responses the test writes. */
class Upstream {
  readonly #server: Server;
  /** Connections that were made to it. */
  connections = 0;

  constructor(listener: RequestListener) {
    this.#server = createServer(listener).on('connection', () => this.connections++);
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A peer that closes with bytes unread resets the connection; whether undici or the system says so is a matter of timing. */
const BROKEN = expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/);

describe('UpstreamTransport', () => {
  const upstreams: Upstream[] = [];
  afterEach(async () => {
    for (const upstream of upstreams.splice(0)) await upstream.close();
  });

  async function serve(listener: RequestListener): Promise<{ url: string; upstream: Upstream }> {
    const upstream = new Upstream(listener);
    upstreams.push(upstream);
    return { url: await upstream.start(), upstream };
  }

  it('sends a request, and yields the body as it arrives', async () => {
    const { url } = await serve((request, response) => {
      void request.setEncoding('utf8').once('data', (body: string) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
        response.end();
      });
    });
    const transport = new UpstreamTransport(undefined);
    const response = await ask(transport, `${url}/v1/chat?a=b`);
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(await readText(response.body)).toBe('POST /v1/chat?a=b Bearer k {}');
  });

  it('reuses a connection whose response was read to its end', async () => {
    const { url, upstream } = await serve((_request, response) => response.end('x'));
    const transport = new UpstreamTransport(undefined);
    for (let i = 0; i < 6; i++) await readText((await ask(transport, url)).body);
    // The end of a body is reported a moment before its connection is free.
    expect(upstream.connections).toBeLessThanOrEqual(2);
  });

  it('unpacks a body that was compressed without request', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed'));
    });
    const transport = new UpstreamTransport(undefined);
    expect(await readText((await ask(transport, url)).body)).toBe('packed');
  });

  it('gives a bad status with its body', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' }).end('{"error":{}}');
    });
    const transport = new UpstreamTransport(undefined);
    const response = await ask(transport, url);
    expect(response.status).toBe(429);
    expect(response.headers['retry-after']).toBe('7');
    expect(response.text).toBe('{"error":{}}');
    expect(response.body).toBeUndefined();
  });

  it('reads a limited part of an error body', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(500);
      writeForEver(response);
    });
    const response = await ask(new UpstreamTransport(undefined), url);
    expect(response.text.length).toBeLessThan(1024 * 1024);
  });

  it('does not follow redirects', async () => {
    const { url, upstream } = await serve((_request, response) => {
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const response = await ask(new UpstreamTransport(undefined), url);
    expect(response.status).toBe(307);
    expect(upstream.connections).toBe(1);
  });

  it('rejects when nobody listens, and when the connection breaks before the head', async () => {
    const { url } = await serve((request) => request.socket.destroy());
    const transport = new UpstreamTransport(undefined);
    await expect(ask(transport, url)).rejects.toMatchObject({ code: BROKEN });
    await upstreams.pop()?.close();
    await expect(ask(transport, url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('fails the body when the connection breaks in the middle of it', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    });
    const transport = new UpstreamTransport(undefined);
    await expect(readText((await ask(transport, url)).body)).rejects.toMatchObject({
      code: BROKEN,
    });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['is closed', (response) => void response.socket?.destroy()],
    ['is reset', (response) => void response.socket?.resetAndDestroy()],
  ])('gives a slow reader all received bytes before the failure when the connection %s', async (_, cut) => {
    // More than waits for the reader at most: some of it is in the buffers of the connection when it breaks.
    const content = 'x'.repeat(100 * 1024);
    let respond: ServerResponse | undefined;
    const { url } = await serve((_request, response) => {
      respond = response;
      response.writeHead(200).write(content);
    });
    const body = (await ask(new UpstreamTransport(undefined), url)).body;
    await eventually(() => body?.hasBytes === true && respond?.writableLength === 0);
    if (respond !== undefined) cut(respond);
    await eventually(() => respond?.destroyed === true);
    let length = 0;
    const readSlowly = async (): Promise<void> => {
      for (let bytes = await body?.read(); bytes !== undefined; bytes = await body?.read()) {
        length += bytes.byteLength;
        for (let i = 0; i < 5; i++) await turn();
      }
    };
    await expect(readSlowly()).rejects.toMatchObject({ code: BROKEN });
    expect(length).toBe(content.length);
  });

  it.each([
    ['gzip', gzipSync, constants.Z_SYNC_FLUSH],
    ['br', brotliCompressSync, constants.BROTLI_OPERATION_FLUSH],
  ])('unpacks as much as possible of a %s body whose connection breaks', async (encoding, pack, finishFlush) => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.write(pack('half', { finishFlush }), () => request.socket.destroy());
    });
    const body = (await ask(new UpstreamTransport(undefined), url)).body;
    expect(Buffer.from((await body?.read()) ?? []).toString()).toBe('half');
    await expect(body?.read()).rejects.toMatchObject({ code: BROKEN });
  });

  it('gives a bad status whose connection breaks in its body', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(429, { 'retry-after': '7', 'content-length': '100' });
      response.write('{"error"', () => request.socket.destroy());
    });
    const response = await ask(new UpstreamTransport(undefined), url);
    expect([response.status, response.headers['retry-after'], response.text]).toEqual([429, '7', '{"error"']);
  });

  it('is ended by the signal before the head, in the body, and before it began', async () => {
    let closed = 0;
    const { url } = await serve((request, response) => {
      response.once('close', () => closed++);
      if (request.url === '/body') response.writeHead(200).write('x');
    });
    const transport = new UpstreamTransport(undefined);

    const before = new AbortController();
    const waiting = ask(transport, `${url}/head`, before.signal);
    before.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');

    const within = new AbortController();
    const body = (await ask(transport, `${url}/body`, within.signal)).body;
    await body?.read();
    const read = body?.read();
    within.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
    await eventually(() => closed >= 1);

    const late = ask(transport, url, AbortSignal.abort(new Error('too late')));
    await expect(late).rejects.toThrow('too late');
  });

  it('applies back-pressure while nobody reads, and loses nothing', async () => {
    const pieces = 2_000;
    const piece = 'x'.repeat(4_096);
    let written = 0;
    const { url } = await serve((_request, response) => {
      response.writeHead(200);
      const write = (): void => {
        while (written < pieces) {
          written++;
          if (!response.write(piece)) return void response.once('drain', write);
        }
        response.end();
      };
      write();
    });
    const transport = new UpstreamTransport(undefined);
    const body = (await ask(transport, url)).body;
    await body?.read();
    let before = -1;
    await eventually(() => {
      const now = written;
      const isStill = now === before;
      before = now;
      return isStill;
    });
    expect(written).toBeLessThan(pieces);
    let length = 0;
    for (let bytes = await body?.read(); bytes !== undefined; bytes = await body?.read()) length += bytes.byteLength;
    expect(written).toBe(pieces);
    expect(length).toBeGreaterThan((pieces - 64) * piece.length);
  });
});

function ask(
  transport: UpstreamTransport,
  url: string,
  signal = new AbortController().signal,
): Promise<UpstreamResponse> {
  const { origin, pathname, search } = new URL(url);
  const headers = ['authorization', 'Bearer k', 'content-type', 'application/json'];
  return transport.post({ origin, path: pathname + search, headers, body: '{}' }, signal);
}

async function readText(body: ResponseBody | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (let bytes = await body?.read(); bytes !== undefined; bytes = await body?.read()) chunks.push(bytes);
  return Buffer.concat(chunks).toString('utf8');
}

function writeForEver(response: ServerResponse): void {
  const write = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
    if (!response.destroyed) response.once('drain', write);
  };
  write();
}
