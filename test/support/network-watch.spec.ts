import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NetworkWatch } from './network-watch.js';

describe('NetworkWatch', () => {
  let server: Server;
  let port: number;
  beforeEach(async () => {
    server = createServer((_, response) => response.end()).listen(0);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('allows the loopback interface', async () => {
    const watch = NetworkWatch.start();
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3']) {
      await (await fetch(`http://${host}:${port}`)).arrayBuffer();
    }
    await once(get({ host: '127.0.0.1', port }), 'response');
    expect(() => watch.stop()).not.toThrow();
  });

  // 0.0.0.0 is not a loopback address, but leads to this machine.
  it('sees any other host that fetch asks', async () => {
    const watch = NetworkWatch.start();
    await (await fetch(`http://0.0.0.0:${port}`)).arrayBuffer();
    expect(() => watch.stop()).toThrow('Requests left the loopback interface, to 0.0.0.0');
  });

  it('sees any other host that node:http asks', async () => {
    const watch = NetworkWatch.start();
    const lookup: LookupFunction = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    await once(get({ host: 'telemetry.example', port, lookup }), 'response');
    expect(() => watch.stop()).toThrow('to telemetry.example');
  });

  it('sees nothing once it has stopped', async () => {
    const watch = NetworkWatch.start();
    watch.stop();
    await (await fetch(`http://0.0.0.0:${port}`)).arrayBuffer();
    expect(() => watch.stop()).not.toThrow();
  });
});
