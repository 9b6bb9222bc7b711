import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { ModelBench } from '../../../test/support/model-bench.js';
import { scriptStream } from '../../../test/support/upstream/scripts.js';
import { finish, gate, headers, role, stall, type Step, text } from '../../../test/support/upstream/steps.js';
import { RunAbortedError } from '../../errors/index.js';

describe('OpenAIChatModel and the ends of a call', () => {
  let bench: ModelBench;

  beforeEach(async () => {
    bench = await ModelBench.start();
  });
  afterEach(async () => {
    await bench.close();
  });

  it('sends nothing before the first pull', async () => {
    const call = bench.call();
    await call.stream.return({ finishReason: 'stop' });
    expect(bench.upstream.requests).toHaveLength(0);
    expect(bench.clock.pending).toBe(0);
  });

  it('sends nothing if it was aborted before', async () => {
    const call = bench.call();
    const reason = new RunAbortedError('deadline');
    call.abort(reason);
    expect(await call.toFailure()).toBe(reason);
    expect(bench.upstream.requests).toHaveLength(0);
  });

  it.each<[string, readonly Step[]]>([
    ['before the headers', []],
    ['after the headers', [headers()]],
    ['in the middle of the text', [role(), text('some')]],
  ])('throws the reason and closes the connection when it is aborted %s', async (_, steps) => {
    const here = gate();
    here.open();
    bench.upstream.next([...steps, here, stall()]);
    const call = bench.call();
    const outcome = call.toEnd().catch((error: unknown) => error);
    await here.reached;
    const reason = new RunAbortedError('client_disconnected');
    call.abort(reason);
    expect(await outcome).toBe(reason);
    await expect(bench.upstream.requests[0]?.closed).resolves.toBe('aborted');
  });

  it('closes the connection when it is aborted while it waits for the usage', async () => {
    const here = gate();
    here.open();
    bench.upstream.next([role(), text('all'), finish('stop'), here, stall()]);
    const call = bench.call();
    const outcome = call.toEnd().catch((error: unknown) => error);
    await here.reached;
    call.abort(new RunAbortedError('client_disconnected'));
    // The run decides whether a complete output counts as aborted.
    await outcome;
    await expect(bench.upstream.requests[0]?.closed).resolves.toBe('aborted');
  });

  it('throws the reason, whatever its type', async () => {
    bench.upstream.next([role(), text('some'), stall()]);
    const call = bench.call();
    await call.pull();
    call.abort('just so');
    expect(await call.toFailure()).toBe('just so');
  });

  it('throws the reason of an abort that comes between two pulls', async () => {
    bench.upstream.next([role(), text('some'), stall()]);
    const call = bench.call();
    await call.pull();
    const reason = new RunAbortedError('shutdown');
    call.abort(reason);
    await expect(bench.upstream.requests[0]?.closed).resolves.toBe('aborted');
    expect(await call.toFailure()).toBe(reason);
  });

  it('closes the connection when its reader leaves in mid-stream', async () => {
    bench.upstream.next([role(), text('some'), stall()]);
    const call = bench.call();
    await call.pull();
    await call.stream.return({ finishReason: 'stop' });
    await expect(bench.upstream.requests[0]?.closed).resolves.toBe('aborted');
  });

  it('leaves no listener on a signal that outlives it', async () => {
    bench.upstream.next(scriptStream('a'));
    const call = bench.call();
    await call.pull();
    expect(getEventListeners(call.signal, 'abort')).toHaveLength(1);
    await call.toEnd();
    expect(getEventListeners(call.signal, 'abort')).toHaveLength(0);
  });
});

describe('OpenAIChatModel and its connections', () => {
  let server: Server;
  let connections: number;
  let model: ModelBench;
  let respond: Parameters<typeof createServer>[1];

  const event = (fields: object): string => `data: ${JSON.stringify({ choices: [fields] })}\n\n`;
  const COMPLETION =
    event({ delta: { content: 'a' } }) + event({ delta: {}, finish_reason: 'stop' }) + 'data: [DONE]\n\n';

  beforeEach(async () => {
    connections = 0;
    server = createServer((request, response) => {
      request.resume().once('end', () => respond?.(request, response));
    });
    server.on('connection', () => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    model = await ModelBench.start({ baseUrl: `http://127.0.0.1:${port}/v1` });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await model.close();
  });

  it.each([
    ['at once', false],
    ['after the call is over', true],
  ])('uses one connection for successive calls when the response is closed %s', async (_, late) => {
    for (let i = 0; i < 5; i++) {
      let close = (): void => undefined;
      respond = (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(COMPLETION);
        close = () => response.end(': bye\n\n');
        if (!late) close();
      };
      await model.call().toEnd();
      if (late) close();
      await model.assertNothingOpen();
      // The connection is free one turn after its response has been read.
      await turn();
    }
    expect(connections).toBe(1);
  });

  it('reuses a connection after an error response', async () => {
    respond = (_request, response) =>
      response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":{}}');
    for (let i = 0; i < 3; i++) {
      await model.call().toFailure();
      await turn();
    }
    expect(connections).toBe(1);
  });
});
