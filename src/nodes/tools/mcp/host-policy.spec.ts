import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { allowedHosts } from '../../../config/allowed-hosts.js';
import type { AllowedHosts } from '../../../config/index.js';
import { makeGuardedFetch } from './guarded-fetch.js';
import { HostPolicy } from './host-policy.js';

const makePolicy = (setting: string): HostPolicy => new HostPolicy(allowedHosts(setting) as AllowedHosts);

describe('HostPolicy', () => {
  it.each<[string, string, boolean]>([
    ['mcp.example.com', 'https://mcp.example.com/mcp', true],
    ['mcp.example.com', 'https://MCP.example.com:443/mcp', true],
    ['mcp.example.com', 'http://mcp.example.com/mcp', false],
    ['mcp.example.com', 'https://mcp.example.com:8443/mcp', false],
    ['mcp.example.com', 'https://mcp.example.com.evil.example/mcp', false],
    ['mcp.example.com', 'https://a.mcp.example.com/mcp', false],
    ['*.example.com:8443', 'https://a.b.example.com:8443/mcp', true],
    ['*.example.com', 'https://example.com/mcp', false],
    ['*.example.com', 'https://badexample.com/mcp', false],
    ['*', 'https://anything.example/mcp', true],
    ['*', 'http://anything.example/mcp', false],
    ['*', 'https://127.0.0.1/mcp', false],
    ['*', 'https://2130706433/mcp', false],
    ['*', 'https://0x7f.1/mcp', false],
    ['*', 'https://169.254.169.254/latest', false],
    ['*', 'https://[::1]/mcp', false],
    ['*', 'https://[::ffff:10.0.0.1]/mcp', false],
    ['*', 'https://93.184.215.14/mcp', true],
    ['*,10.0.0.0/8', 'https://10.1.2.3/mcp', true],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/mcp', true],
    ['http://localhost:3000', 'http://localhost:3000/mcp', true],
    ['*', 'file:///etc/passwd', false],
  ])('with %s and %s says %p', (setting, url, isAllowed) => {
    expect(makePolicy(setting).allows(new URL(url))).toBe(isAllowed);
  });

  it.each<[string, string, string, boolean]>([
    ['docs.example', 'docs.example', '93.184.215.14', true],
    ['docs.example', 'docs.example', '10.0.0.5', false],
    ['docs.example', 'docs.example', '169.254.169.254', false],
    ['docs.example', 'docs.example', 'fe80::1', false],
    ['docs.example', 'docs.example', 'fd00::1', false],
    ['docs.example', 'docs.example', '::ffff:127.0.0.1', false],
    ['docs.example,10.0.0.0/8', 'docs.example', '10.0.0.5', true],
    ['localhost', 'localhost', '127.0.0.1', true],
    ['localhost', 'localhost', '10.0.0.5', false],
    ['*', 'localhost', '127.0.0.1', false],
  ])('with %s lets %s lead to %s: %p', (setting, name, address, mayConnect) => {
    expect(makePolicy(setting).mayConnect(name, address)).toBe(mayConnect);
  });
});

describe('makeGuardedFetch', () => {
  const ask = async (entry: (port: number) => string): Promise<unknown> => {
    const server = createServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { fetch: guarded, close } = makeGuardedFetch(makePolicy(entry(port)));
    try {
      return await (await guarded(`http://localhost:${port}/mcp`)).text();
    } catch (error) {
      return error;
    } finally {
      close();
      server.close();
    }
  };

  it('reaches this machine by a name that is listed', async () => {
    expect(await ask((port) => `http://localhost:${port}`)).toBe('/mcp');
  });

  it('checks the address that it connects to: a name that leads to this machine gains nothing', async () => {
    expect(String(await ask((port) => `http://*:${port}`))).toContain('resolves to no address that this server allows');
  });
});
