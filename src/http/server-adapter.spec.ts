import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import { readConfig } from '../config/index.js';
import { ServerAdapter } from './server-adapter.js';

describe('ServerAdapter', () => {
  let adapter: ServerAdapter;
  afterEach(() => adapter.close());

  it("makes messages whose prototypes Express does not replace, which would spoil V8's caches", async () => {
    adapter = new ServerAdapter(readConfig({}, []).server);
    adapter.initHttpServer();
    const readPrototypes = (...messages: readonly object[]): unknown[] =>
      messages.map((message) => Object.getPrototypeOf(message));
    let before: unknown[] = [];
    let after: unknown[] = [];
    adapter.getHttpServer().prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      before = readPrototypes(request, response);
    });
    adapter.get('/', (request: Request, response: Response) => {
      after = readPrototypes(request, response);
      response.json({ path: request.path });
    });
    const server = adapter.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?a=1`);
    expect(await answer.json()).toEqual({ path: '/' });
    expect(after).toHaveLength(2);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });
});
