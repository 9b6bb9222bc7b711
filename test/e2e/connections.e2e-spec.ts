import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RunService } from '../../src/runs/index.js';
import { Bench, MetricsPage } from '../support/bench.js';
import { assertValidError, eventually } from '../support/checks.js';
import { CHAT, openStream, postJson } from '../support/client.js';
import { RawConnection, writeRawRequest } from '../support/raw-connection.js';
import { scriptStream, steps } from '../support/upstream/index.js';
import { collectGarbage } from '../support/collect-garbage.js';

const PATH = '/v1/chat/completions';
const MIB = 1024 * 1024;
/** The size of a long response, and a number of them that exceeds the system's buffers of a connection. */
const LARGE = 7 * MIB;
const MORE_THAN_BUFFERS = 8;
const KEY = 'sk-of-alice-0123456789abcdef0123456789';

describe('connections', () => {
  let bench: Bench;
  const connections: RawConnection[] = [];
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.leave();
    await bench.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    bench = await Bench.start({ env });
  };
  const open = (...requests: readonly string[]): RawConnection => {
    const connection = new RawConnection(bench.app.url);
    connections.push(connection);
    connection.send(requests.join(''));
    return connection;
  };
  const ask = (body: object = {}, version: '1.0' | '1.1' = '1.1'): string =>
    writeRawRequest('POST', PATH, { ...CHAT, ...body }, { version });
  const openConnections = async (): Promise<number> =>
    new Promise((resolve) => {
      bench.app.nest.getHttpServer().getConnections((_: unknown, count: number) => resolve(count));
    });
  const openRuns = (): number => bench.app.get(RunService).openRuns;
  /** Checks that nothing of a disconnected client still runs or is counted. */
  const expectNothingOpen = async (): Promise<void> => {
    await eventually(() => openRuns() === 0, { message: 'the end of all runs' });
    const page = await MetricsPage.of(bench.app.url);
    for (const gauge of ['open_streams', 'paused_streams', 'open_runs', 'queued_runs']) {
      expect([gauge, page.sum(`millrace_${gauge}`)]).toEqual([gauge, 0]);
    }
  };
  const listStatuses = (received: string): number[] =>
    [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
      .map(([, status]) => Number(status))
      .filter((status) => status >= 200);

  const noteResponses = (): readonly WeakRef<ServerResponse>[] => {
    const responses: WeakRef<ServerResponse>[] = [];
    const server: Server = bench.app.nest.getHttpServer();
    server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
      responses.push(new WeakRef(response));
    });
    return responses;
  };
  /** Checks, after all connections have ended, that their responses are collected; the last ones may take a moment. */
  const expectNothingKept = async (responses: readonly WeakRef<ServerResponse>[]): Promise<void> => {
    await eventually(async () => (await openConnections()) === 0, { message: 'the end of the connections' });
    await eventually(
      () => {
        collectGarbage();
        return responses.filter((response) => response.deref() !== undefined).length < 10;
      },
      { message: 'the end of the responses' },
    );
  };

  it('that wait for their next request keep nothing of the last one', async () => {
    await start();
    bench.upstream.next(scriptStream('said')).next(scriptStream('said'));
    const responses: WeakRef<ServerResponse>[] = [];
    const note = (_request: IncomingMessage, response: ServerResponse): void => {
      responses.push(new WeakRef(response));
    };
    const server: Server = bench.app.nest.getHttpServer();
    server.on('request', note);
    for (const connection of [open(ask({ stream: true })), open(ask({ stream: true }))])
      await connection.until('[DONE]');
    server.off('request', note);
    await expectNothingOpen();
    await eventually(
      () => {
        collectGarbage();
        return responses.length === 2 && responses.every((response) => response.deref() === undefined);
      },
      { message: 'the release of the responses' },
    );
    expect(await openConnections()).toBeGreaterThanOrEqual(2);
  });

  it('that are reset in the middle of a body whose request was refused leave nothing behind', async () => {
    await start({ API_KEYS: `alice:${KEY}` });
    const responses = noteResponses();
    const half = `${writeRawRequest('POST', PATH, undefined, { headers: ['content-length: 5000'] })}{"model":`;
    const left = Array.from({ length: 30 }, () => open(half));
    for (const connection of left) await connection.until(' 401 ');
    for (const connection of left) connection.reset();
    await expectNothingKept(responses);
    expect(responses).toHaveLength(30);
  });

  describe('with pipelined requests', () => {
    it('get the responses one by one, in the order of the requests', async () => {
      await start();
      const hold = steps.gate();
      bench.upstream.next(scriptStream(['first', hold])).next(scriptStream('second'));
      const connection = open(ask({ stream: true }), ask(), writeRawRequest('GET', '/health/live'));
      await connection.until('first');
      await hold.reached;
      expect(openRuns()).toBe(1);
      expect(bench.upstream.requests).toHaveLength(1);
      hold.open();
      await connection.until('{"status":"ok"');
      expect(listStatuses(connection.received)).toEqual([200, 200, 200]);
      expect(connection.received).toMatch(/first.*\[DONE\].*"second".*"ok"/s);
    });

    it.each([true, false])(
      'ends the run of a client that resets the connection, and begins none of its other requests: stream %p',
      async (stream) => {
        await start({ MAX_CONCURRENT_RUNS: '3', MAX_QUEUED_RUNS: '0' });
        bench.upstream.always([steps.role(), steps.text('Once'), steps.stall()]);
        const left = [1, 2, 3].map(() => open(ask({ stream }).repeat(5)));
        const requests = await Promise.all([0, 1, 2].map((index) => bench.upstream.request(index)));
        for (const connection of left) connection.reset();
        for (const request of requests) expect(await request.closed).toBe('aborted');
        await expectNothingOpen();
        expect(bench.upstream.requests).toHaveLength(3);

        bench.upstream.always(scriptStream('Hi'));
        const others = await Promise.all([1, 2, 3].map(() => postJson(bench.app.chatUrl, CHAT)));
        expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
      },
    );

    it('keeps nothing of refused ones whose client has left', async () => {
      await start({ API_KEYS: `alice:${KEY}` });
      const responses = noteResponses();
      const flood = writeRawRequest('GET', '/v1/models').repeat(20_000);
      const left = [1, 2, 3, 4].map(() => open(flood));
      await eventually(() => responses.length > 100, { message: 'requests' });
      for (const connection of left) connection.reset();
      await expectNothingKept(responses);
    });

    it.each([
      ['thousands of requests', writeRawRequest('GET', '/health/live').repeat(3_000)],
      ['requests of many bytes', writeRawRequest('GET', `/${'x'.repeat(10_000)}`).repeat(8)],
      ['a large body', writeRawRequest('POST', PATH, { model: 'x'.repeat(100_000) })],
      [
        'a body of unknown length',
        writeRawRequest('POST', PATH, undefined, { headers: ['transfer-encoding: chunked'] }),
      ],
      ['requests without a host', 'GET / HTTP/1.1\r\n\r\n'.repeat(3_000)],
      ['requests that expect what there is not', 'GET / HTTP/1.1\r\nhost: x\r\nexpect: x\r\n\r\n'.repeat(3_000)],
    ])('cuts off a client that sends %s after one that is being answered, and ends its run', async (_, more) => {
      await start();
      bench.upstream.next([steps.role(), steps.text('Once'), steps.stall()]);
      const connection = open(ask());
      const request = await bench.upstream.request(0);
      connection.send(more);
      await connection.untilOver();
      expect(await request.closed).toBe('aborted');
      expect(connection.received).toBe('');
      await expectNothingOpen();
    });

    it('starts the limit for sending again for each response', async () => {
      await start({ HTTP_SEND_TIMEOUT_MS: '200' });
      const hold = steps.gate();
      bench.upstream
        .next([steps.role(), steps.flood({ bytes: LARGE }), steps.finish('stop'), steps.done()])
        .next(scriptStream([hold, 'second']));
      const connection = open(ask(), ask());
      connection.pause();
      await eventually(() => openRuns() === 0 && bench.upstream.requests.length === 1, { message: 'the first answer' });
      connection.resume();
      await hold.reached;
      // Longer than the limit for sending the first response.
      await sleep(500);
      hold.open();
      await connection.until('second');
    });
  });

  describe('whose client does not read', () => {
    it('ends the run at its deadline, its stream with it, and the connection after HTTP_SEND_TIMEOUT_MS', async () => {
      await start({ RUN_TIMEOUT_MS: '1500', HTTP_SEND_TIMEOUT_MS: '1000' });
      bench.upstream.next([steps.role(), steps.flood({ bytes: 64 * MIB }), steps.finish('stop'), steps.done()]);
      const connection = open(ask({ stream: true }));
      connection.pause();
      const request = await bench.upstream.request(0);
      expect(await request.closed).toBe('aborted');
      // The connection is still open, but it is no reason to scale.
      await expectNothingOpen();
      expect(await openConnections()).toBeGreaterThan(0);
      await eventually(
        async () =>
          (await MetricsPage.of(bench.app.url)).sum('millrace_requests_total', { outcome: 'deadline', stream: 'true' }),
        { message: 'the end of the request' },
      );
    });

    it('gives up a response that does not leave within HTTP_SEND_TIMEOUT_MS, as if its client had left', async () => {
      await start({ HTTP_SEND_TIMEOUT_MS: '500' });
      bench.upstream.always([steps.role(), steps.flood({ bytes: LARGE }), steps.finish('stop'), steps.done()]);
      open(...Array.from({ length: MORE_THAN_BUFFERS }, () => ask())).pause();
      await eventually(
        async () =>
          (await MetricsPage.of(bench.app.url)).sum('millrace_requests_total', {
            outcome: 'client_abort',
            stream: 'false',
          }),
        { within: 20_000, message: 'the end of the request' },
      );
      await expectNothingOpen();
    }, 30_000);

    it('gives up a file that is not read, too', async () => {
      await start({ HTTP_SEND_TIMEOUT_MS: '500' });
      const server: Server = bench.app.nest.getHttpServer();
      const connected = once(server, 'connection');
      open(writeRawRequest('GET', '/docs/swagger-ui-bundle.js').repeat(20)).pause();
      const [socket] = (await connected) as [NodeJS.EventEmitter];
      await once(socket, 'close');
    });

    it('sends long responses in full to a client that reads slowly', async () => {
      await start({ HTTP_SEND_TIMEOUT_MS: '500' });
      bench.upstream.always([steps.role(), steps.flood({ bytes: LARGE }), steps.finish('stop'), steps.done()]);
      const connection = open(...Array.from({ length: MORE_THAN_BUFFERS }, () => ask()));
      const begin = performance.now();
      const all = MORE_THAN_BUFFERS * LARGE;
      while (connection.receivedBytes < all) {
        const next = Math.min(all, connection.receivedBytes + 2 * MIB);
        connection.resume();
        await eventually(() => connection.receivedBytes >= next, { message: 'more of the responses' });
        connection.pause();
        await sleep(100);
      }
      expect(performance.now() - begin).toBeGreaterThan(2_000);
    }, 60_000);
  });

  describe('on which something arrives that is not HTTP', () => {
    it('are cut while a response is streamed, and nothing else gets into its body', async () => {
      await start();
      bench.upstream.next([steps.role(), steps.text('Once'), steps.stall()]);
      const connection = open(ask({ stream: true }));
      await connection.until('Once');
      connection.send('THIS IS NO HTTP\r\n\r\n');
      await connection.untilOver();
      expect(listStatuses(connection.received)).toEqual([200]);
      expect(connection.received).not.toContain('400');
      expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
      await expectNothingOpen();
    });

    it('are cut before an earlier request is answered, because the client would take an error for its response', async () => {
      await start();
      bench.upstream.next([steps.role(), steps.stall()]);
      const connection = open(ask());
      const request = await bench.upstream.request(0);
      connection.send('THIS IS NO HTTP\r\n\r\n');
      await connection.untilOver();
      expect(connection.received).toBe('');
      expect(await request.closed).toBe('aborted');
    });

    it('are answered with 400 after a response, and in OpenAI’s envelope if HTTP/1.1 has no Host', async () => {
      await start();
      const late = open(writeRawRequest('GET', '/health/live'));
      await late.until('{"status":"ok"');
      late.send('THIS IS NO HTTP\r\n\r\n');
      await late.untilOver();
      expect(listStatuses(late.received)).toEqual([200, 400]);

      const hostless = open('GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n');
      await hostless.untilOver();
      expect(listStatuses(hostless.received)).toEqual([400]);
      expect(hostless.received).toMatch(/^x-request-id: req_/m);
      assertValidError(JSON.parse(hostless.received.split('\r\n\r\n')[1] ?? ''));
    });
  });

  describe('whose client has closed its half', () => {
    it.each([
      ['streamed', true, '1.1'],
      ['not streamed', false, '1.1'],
      ['streamed over HTTP/1.0', true, '1.0'],
    ] as const)('still get the response: %s', async (_, stream, version) => {
      await start({ STREAM_HEARTBEAT_MS: '50' });
      const [early, late] = [steps.gate(), steps.gate()];
      bench.upstream.next(scriptStream([early, 'Once', late, ' upon']));
      const connection = open(ask({ stream }, version));
      connection.endHalf();
      await early.reached;
      // Time for several probes, before the first token and after it.
      await sleep(300);
      early.open();
      await late.reached;
      await sleep(300);
      late.open();
      await connection.untilOver();
      expect(listStatuses(connection.received)).toEqual([200]);
      expect(connection.received).toMatch(stream ? /"Once".*" upon".*\[DONE\]/s : /"content":"Once upon"/);
      const response = connection.received.replace(/^(HTTP\/1\.1 100 Continue\r\n\r\n)*/, '');
      expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      await expectNothingOpen();
    });

    it('still get the response to each pipelined request, and to one that waits for a place', async () => {
      await start({ MAX_CONCURRENT_RUNS: '1' });
      const hold = steps.gate();
      bench.upstream
        .next(scriptStream(['first', hold]))
        .next(scriptStream('second'))
        .next(scriptStream('third'));
      const running = await openStream(bench.app.chatUrl, { ...CHAT, stream: true });
      const connection = open(ask(), ask());
      connection.endHalf();
      await eventually(async () => (await MetricsPage.of(bench.app.url)).sum('millrace_queued_runs'), {
        message: 'one request in the queue',
      });
      hold.open();
      await running.collect();
      await connection.untilOver();
      expect(listStatuses(connection.received)).toEqual([200, 200]);
      expect(connection.received).toMatch(/"second".*"third"/s);
    });

    it.each([true, false])('are given up when it leaves after all: stream %p', async (stream) => {
      await start({ STREAM_HEARTBEAT_MS: '50' });
      bench.upstream.next([steps.role(), steps.stall()]);
      const connection = open(ask({ stream }));
      connection.endHalf();
      const request = await bench.upstream.request(0);
      await connection.until(stream ? ':' : '100 Continue');
      connection.leave();
      expect(await request.closed).toBe('aborted');
      await expectNothingOpen();
    });

    it('are given up at once over HTTP/1.0, where nothing can be sent before the response', async () => {
      await start();
      bench.upstream.next([steps.role(), steps.stall()]);
      const connection = open(ask({}, '1.0'));
      const request = await bench.upstream.request(0);
      connection.endHalf();
      expect(await request.closed).toBe('aborted');
      await connection.untilOver();
      expect(connection.received).toBe('');
    });
  });
});
