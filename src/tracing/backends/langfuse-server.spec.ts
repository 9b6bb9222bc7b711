import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { FakeLangfuse } from '../../../test/support/fake-langfuse.js';
import { LangfuseServer } from './langfuse-server.js';

describe('LangfuseServer', () => {
  const clock = new FakeClock();
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  const at = (baseUrl: string, secretKey = 'sk-lf-test'): LangfuseServer =>
    new LangfuseServer({ baseUrl, publicKey: 'pk-lf-test', secretKey }, clock);

  const serverThat = async (listener: RequestListener): Promise<string> => {
    const server: Server = createServer(listener);
    open.push({ close: () => server.closeAllConnections() }, server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it('reports its version, and whether it accepts the keys', async () => {
    const langfuse = await FakeLangfuse.start({ version: '3.22.1' });
    open.push(langfuse);
    expect(await at(langfuse.url).readVersion()).toBe('3.22.1');
    expect(await at(langfuse.url).checkKeys()).toEqual({ result: 'accepted', project: 'test-project' });
    expect(await at(langfuse.url, 'wrong').checkKeys()).toEqual({ result: 'refused' });
    expect(clock.pending).toBe(0);
  });

  it.each<[string, RequestListener, string]>([
    ['is not Langfuse', (_, response) => response.end('<html>'), 'the server there is not Langfuse'],
    ['fails', (_, response) => response.writeHead(500).end(), 'it answered with status 500'],
  ])('copes with a server that %s', async (_, listener, why) => {
    const url = await serverThat(listener);
    expect(await at(url).readVersion()).toBeUndefined();
    expect(await at(url).checkKeys()).toEqual({ result: 'unknown', why });
  });

  it('stops waiting at the time limit', async () => {
    let asked = 0;
    const url = await serverThat(() => asked++);
    const results = Promise.all([at(url).readVersion(), at(url).checkKeys()]);
    await eventually(() => asked === 2);
    clock.advance(3_000);
    expect(await results).toEqual([undefined, { result: 'unknown', why: 'it cannot be reached' }]);
  });

  it('reports a server that cannot be reached', async () => {
    const langfuse = await FakeLangfuse.start();
    const { url } = langfuse;
    await langfuse.close();
    expect(await at(url).checkKeys()).toEqual({ result: 'unknown', why: 'it cannot be reached' });
  });
});
