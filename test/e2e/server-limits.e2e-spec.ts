import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Doors, HttpModule } from '../../src/http/index.js';
import { TestApp } from '../support/app.js';
import { within } from '../support/eventually.js';
import { getJson, postJson } from '../support/http-client.js';
import { MetricsPage } from '../support/metrics-page.js';
import { assertValidError } from '../support/wire-schema.js';

/** Returns the server's view of its client. */
@Controller('who')
class WhoController {
  @Get()
  who(@Req() request: Request, @Res() response: Response): void {
    response.json({ ip: request.ip, protocol: request.protocol, host: request.hostname });
  }
}

@Module({ imports: [HttpModule], providers: [WhoController] })
class WhoModule {
  constructor(doors: Doors, who: WhoController) {
    doors.open(who);
  }
}

describe('limits of connections and requests', () => {
  let app: TestApp;
  const sockets: Socket[] = [];
  const drips: NodeJS.Timeout[] = [];
  afterEach(async () => {
    for (const drip of drips.splice(0)) clearInterval(drip);
    for (const socket of sockets.splice(0)) socket.destroy();
    await app.close();
  });

  /** Opens a connection and sends `now` at once, then the rest byte by byte until the server closes it. */
  const open = (now: string, rest = ''): Socket => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    sockets.push(socket);
    socket.write(now);
    let sent = 0;
    if (rest !== '')
      drips.push(setInterval(() => socket.writable && socket.write(rest.charAt(sent++ % rest.length)), 20));
    return socket;
  };
  /** Reads the response until the server closes the connection. */
  const readResponse = async (socket: Socket): Promise<{ status: number; head: string; body: string }> => {
    const whole = await within(readText(socket), { within: 8_000, message: 'the end of the connection' });
    const [head = '', body = ''] = whole.split('\r\n\r\n');
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), head, body };
  };
  const expectRefusal = async (socket: Socket, status: number): Promise<void> => {
    const response = await readResponse(socket);
    expect(response.status).toBe(status);
    expect(response.head).toMatch(/^x-request-id: req_/m);
    assertValidError(JSON.parse(response.body));
  };

  it('cuts off with 408 a client that sends its headers byte by byte', async () => {
    app = await TestApp.start({ env: { HTTP_HEADERS_TIMEOUT_MS: '300' } });
    await expectRefusal(open('GET /health/live HTTP/1.1\r\nhost: x\r\n', 'x-slow: aaaa\r\n'), 408);
  });

  it('cuts off with 408 a client that sends its body byte by byte', async () => {
    app = await TestApp.start({ env: { HTTP_REQUEST_TIMEOUT_MS: '300' } });
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    await expectRefusal(open(`${head}content-length: 100000\r\n\r\n{"model":"`, 'aaaa'), 408);
  });

  it('cuts off clients that announce a body and send nothing of it, and gives back what was taken for them', async () => {
    app = await TestApp.start({ env: { HTTP_BODY_TIMEOUT_MS: '500', MAX_BODY_MEMORY: '64mb' } });
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    const idle = [1, 2].map(() => open(`${head}content-length: 10000000\r\n\r\n{"model":"`));
    const asked = postJson(app.chatUrl, {
      model: 'chat',
      messages: [{ role: 'user', content: 'x'.repeat(6_000_000) }],
    });
    await Promise.all(idle.map((socket) => expectRefusal(socket, 408)));
    expect((await asked).status).toBe(200);
    expect((await MetricsPage.of(app.url)).sum('millrace_body_memory_bytes')).toBe(0);
  });

  it('closes connections that never carry a request', async () => {
    app = await TestApp.start({ env: { HTTP_HEADERS_TIMEOUT_MS: '300' } });
    await readResponse(open(''));
  });

  it('does not count the time of the response as time of the request', async () => {
    app = await TestApp.start({
      env: { HTTP_HEADERS_TIMEOUT_MS: '200', HTTP_REQUEST_TIMEOUT_MS: '200', DEMO_TOKENS_PER_SECOND: '12' },
    });
    const messages = [{ role: 'user', content: 'Hello, how are you?' }];
    const begin = performance.now();
    const response = await postJson(app.chatUrl, { model: 'chat', messages });
    expect(response.status).toBe(200);
    // Longer than the limit plus the second between two checks for slow requests.
    expect(performance.now() - begin).toBeGreaterThan(1_500);
  });

  it.each([
    ['one header that is too long', 'x-long: '.padEnd(20_000, 'a')],
    ['too many headers', Array.from({ length: 1_500 }, (_, i) => `x-${i}: too-many`).join('\r\n')],
    ['an address that is too long', undefined],
  ])('refuses %s with 431', async (_, header) => {
    app = await TestApp.start();
    const path = header === undefined ? `/${'a'.repeat(20_000)}` : '/health/live';
    await expectRefusal(open(`GET ${path} HTTP/1.1\r\nhost: x\r\n${header ?? 'x: y'}\r\n\r\n`), 431);
  });

  it('drops no header that it has room for', async () => {
    app = await TestApp.start();
    const many = 'a: b\r\n'.repeat(1_500);
    const socket = open(
      `GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${many}x-request-id: the-last\r\n\r\n`,
    );
    expect((await readResponse(socket)).head).toContain('x-request-id: the-last');
  });

  it('takes longer headers if it is told to', async () => {
    app = await TestApp.start({ env: { HTTP_MAX_HEADER_SIZE: '64kb' } });
    expect((await getJson(`${app.url}/health/live`, { 'x-long': 'a'.repeat(20_000) })).status).toBe(200);
  });

  it('keeps idle connections for longer than gateways do, which give up after 60 s', async () => {
    app = await TestApp.start();
    const { keepAliveTimeout, headersTimeout, requestTimeout } = app.nest.getHttpServer();
    expect(keepAliveTimeout).toBeGreaterThan(60_000);
    expect(headersTimeout).toBeGreaterThan(keepAliveTimeout);
    expect(requestTimeout).toBeGreaterThanOrEqual(headersTimeout);
  });

  it('closes idle connections after HTTP_KEEP_ALIVE_TIMEOUT_MS, and tells clients beforehand', async () => {
    app = await TestApp.start({ env: { HTTP_KEEP_ALIVE_TIMEOUT_MS: '1000' } });
    const { status, head } = await readResponse(open('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n'));
    expect(status).toBe(200);
    expect(head).toMatch(/^keep-alive: timeout=1$/im);
  });

  describe('TRUST_PROXY', () => {
    const FORWARDED = {
      'x-forwarded-for': '203.0.113.9, 198.51.100.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'api.example.com',
    };
    it.each([
      ['false', '127.0.0.1', 'http', '127.0.0.1'],
      ['1', '198.51.100.7', 'https', 'api.example.com'],
      ['2', '203.0.113.9', 'https', 'api.example.com'],
      ['loopback', '198.51.100.7', 'https', 'api.example.com'],
      ['127.0.0.0/8,198.51.100.7', '203.0.113.9', 'https', 'api.example.com'],
      ['10.0.0.0/8', '127.0.0.1', 'http', '127.0.0.1'],
    ])('%s: the client is %s', async (trust, ip, protocol, host) => {
      app = await TestApp.start({ env: { TRUST_PROXY: trust }, imports: [WhoModule] });
      expect((await getJson(`${app.url}/who`, FORWARDED)).json).toEqual({ ip, protocol, host });
    });
  });
});
