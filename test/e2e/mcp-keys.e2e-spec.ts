import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench, LogCapture } from '../support/bench.js';
import { catchRejection, eventually } from '../support/checks.js';
import type { HttpResponse } from '../support/client.js';
import * as mcp from '../support/mcp-clients.js';
import { scriptStream } from '../support/upstream/index.js';
import { hashKey } from '../support/callers.js';

describe('workflows as tools, where keys are needed', () => {
  const FEW = 'sk-mr-of-few-0123456789abcdef';
  const ONE = 'sk-mr-of-one-0123456789abcdef';
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
  let bench: Bench;
  let log: LogCapture;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-mcp-keys-'));
    const keys = [
      { name: 'few', hash: hashKey(FEW), workflows: ['chat'] },
      { name: 'one', hash: hashKey(ONE), limits: { requestsPerMinute: 1 } },
    ];
    await writeFile(join(folder, 'keys.json'), JSON.stringify(keys));
    const env = { API_KEYS_FILE: join(folder, 'keys.json'), LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
    log = new LogCapture();
    bench = await Bench.start({ env });
  });
  // Jest restores the spies of the log capture after each test.
  beforeEach(() => {
    log = new LogCapture();
  });
  afterEach(() => log.stop());
  afterAll(async () => {
    log = new LogCapture();
    await bench.close();
    log.stop();
    await rm(folder, { recursive: true });
  });
  const findLine = (response: HttpResponse): Promise<Readonly<Record<string, unknown>>> =>
    eventually(() => log.lines('Access').find(({ request_id: id }) => id === response.headers['x-request-id']), {
      message: 'the line in the access log',
    });

  it('refuse requests without a key', async () => {
    const { status, headers } = await mcp.postMessage(bench.app.url, mcp.callMessage('chat', { input: 'Hi' }));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('are listed only if the key may use them; others seem not to exist', async () => {
    const client = await mcp.connectNew(bench.app.url, 'auto', { headers: bearer(FEW) });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['chat']);
    const [forbidden, unknown] = await Promise.all(
      ['approval', 'nobody'].map((name) => catchRejection(client.call(name, { input: 'Hi' }))),
    );
    expect(String(forbidden).replace('approval', 'nobody')).toBe(String(unknown));
    await client.close();
  });

  it('are called with a line in the access log and a run of their own', async () => {
    bench.upstream.next(scriptStream('Hi'));
    const called = await mcp.postMessage(
      bench.app.url,
      mcp.callMessage('chat', { input: 'my secret words' }),
      bearer(FEW),
    );
    expect([called.status, called.headers['content-type']]).toEqual([
      200,
      expect.stringMatching(/^text\/event-stream/),
    ]);
    const [{ result }] = mcp.readMessages(called.text) as unknown as [{ result: mcp.Called }];
    const line = await findLine(called);
    expect(line).toMatchObject({ path: '/mcp', outcome: 'stop', workflow: 'chat', output_tokens: 1, key: 'few' });
    expect(line['run_id']).toBe(result._meta?.['millrace/run']);
    expect(log.text).not.toContain('secret words');
  });

  it('have a line in the access log where they are refused', async () => {
    const wrong = await mcp.postMessage(bench.app.url, mcp.callMessage('chat', { nonsense: 1 }), bearer(FEW));
    expect(await findLine(wrong)).toMatchObject({ status: 200, outcome: 'invalid_request', workflow: 'chat' });
    const unknown = await mcp.postMessage(bench.app.url, mcp.callMessage('nobody', {}), bearer(FEW));
    expect(mcp.readMessages(unknown.text)[0]).toMatchObject({ id: 7, error: { code: -32_602 } });
    expect(await findLine(unknown)).toMatchObject({ outcome: 'unknown_model', workflow: 'unknown' });
  });

  it('obey the limits of the key; only calls count', async () => {
    const client = await mcp.connectNew(bench.app.url, 'legacy', { headers: bearer(ONE) });
    for (let count = 0; count < 3; count++) await client.listTools();
    await client.close();
    bench.upstream.next(scriptStream('Hi'));
    expect((await mcp.postMessage(bench.app.url, mcp.callMessage('chat', { input: 'Hi' }), bearer(ONE))).status).toBe(
      200,
    );
    const refused = await mcp.postMessage(bench.app.url, mcp.callMessage('chat', { input: 'Hi' }), bearer(ONE));
    expect([refused.status, refused.json]).toMatchObject([
      429,
      { jsonrpc: '2.0', error: { code: -32_000, data: { code: 'rate_limit_exceeded' } } },
    ]);
    expect(refused.headers['retry-after']).toBeDefined();
  });
});
