import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assertErrorEnded } from '../support/chunks.js';
import type { LogLine } from '../support/log-capture.js';
import { LoggedBench } from '../support/logged-bench.js';
import { describeIfRuns } from '../support/programs.js';
import { findFreePort } from '../support/server-process.js';
import { type Script } from '../support/upstream/scripts.js';
import { errorBody, headers as sendHeaders, httpError, reset, role, stall, text } from '../support/upstream/steps.js';

const SECRET_KEY = 'sk-test-upstream-key';

describe('the log of a failure', () => {
  let bench: LoggedBench;
  afterEach(() => bench.close());
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    bench = await LoggedBench.start(env);
  };

  /** Checks that the failed request has one log line with its cause, and an access line with the same ids. */
  const expectOneLine = async (
    requestId: unknown,
    expected: { readonly level?: string; readonly code: string; readonly cause: RegExp },
  ): Promise<LogLine> => {
    const access = await bench.accessLine();
    const { level = 'warn', code, cause } = expected;
    const ids = {
      request_id: requestId,
      run_id: expect.stringMatching(/^chatcmpl-/),
      trace_id: bench.tracer.traces[0]?.id,
    };
    expect(access).toMatchObject({ ...ids, code });
    const lines = bench.runLines();
    const where = { workflow: 'chat', node: 'answer', provider: 'openai', model: 'gpt-5.4-mini', attempt: 1 };
    const words = { cause: expect.stringMatching(cause), message: expect.stringContaining(`${code} (`) };
    expect(lines).toEqual([expect.objectContaining({ ...ids, ...where, ...words, level, code })]);
    expect(lines[0]?.['run_id']).toBe(access['run_id']);
    expect(bench.written).not.toMatch(new RegExp(`secret|${SECRET_KEY}`));
    return lines[0] ?? {};
  };

  describe('names the cause and shares its ids with the access line', () => {
    it.each([false, true])('where nothing listens (streamed: %s)', async (stream) => {
      const address = `127.0.0.1:${await findFreePort()}`;
      await start({
        OPENAI_BASE_URL: `http://operator:secret-password@${address}/v1?code=secret-code`,
        OPENAI_API_KEY: '',
      });
      const { status, headers } = await bench.ask({ stream });
      expect(status).toBe(502);
      const line = await expectOneLine(headers['x-request-id'], {
        code: 'upstream_unreachable',
        cause: /^ECONNREFUSED: nothing listens at this address$/,
      });
      expect(line['address']).toBe(`http://${address}/v1`);
    });

    it('where there is no such host', async () => {
      await start({ OPENAI_BASE_URL: 'http://no-such-host.invalid/v1' });
      const { headers } = await bench.ask();
      const line = await expectOneLine(headers['x-request-id'], {
        code: 'upstream_unreachable',
        cause: /^(ENOTFOUND: no such host name|EAI_AGAIN: the name server does not answer)$/,
      });
      expect(line['address']).toBe('http://no-such-host.invalid/v1');
    });

    it.each<[string, Script, string, RegExp]>([
      ['500', httpError(500, errorBody('secret')), 'upstream_error', /^upstream status 500, type \S+, code \S+$/],
      ['503', httpError(503, 'secret page'), 'upstream_error', /^upstream status 503, type -, code -$/],
      ['429', httpError(429, errorBody('secret')), 'rate_limit_exceeded', /^upstream status 429,/],
      ['401', httpError(401, errorBody('secret')), 'upstream_authentication', /^upstream status 401,/],
      ['404', httpError(404, errorBody('secret')), 'upstream_not_found', /^upstream status 404,/],
      ['silence', stall(), 'upstream_timeout', /^timeout: silent for 200 ms before its response$/],
      ['a reset', reset(), 'upstream_unreachable', /^(UND_ERR_SOCKET|ECONNRESET): the connection was /],
    ])('of an upstream that answers with %s', async (_, script, code, cause) => {
      await start(code === 'upstream_timeout' ? { UPSTREAM_FIRST_TOKEN_TIMEOUT_MS: '200' } : {});
      bench.upstream.next(script);
      const { headers } = await bench.ask();
      const line = await expectOneLine(headers['x-request-id'], { code, cause });
      expect(line['address']).toBe(bench.upstream.url);
    });

    it.each<[string, Script, string, RegExp]>([
      ['breaks', [role(), text('Half'), reset()], 'upstream_connection_lost', /^(UND_ERR_SOCKET|ECONNRESET): the/],
      [
        'goes silent',
        [role(), text('Half'), stall()],
        'upstream_timeout',
        /^timeout: silent for 200 ms in its response$/,
      ],
    ])('of a response that %s in the middle', async (_, script, code, cause) => {
      await start({ UPSTREAM_IDLE_TIMEOUT_MS: '200' });
      bench.upstream.next(script);
      const stream = await bench.open();
      expect(assertErrorEnded(await stream.collect())).not.toHaveProperty('millrace');
      await expectOneLine(stream.headers['x-request-id'], { code, cause });
      expect(await bench.accessLine()).toMatchObject({
        status: 200,
        outcome: code.includes('timeout') ? 'upstream_timeout' : 'upstream_error',
      });
    });
  });

  describe('names the id by which the provider knows the request', () => {
    it.each([
      ['x-request-id', 'req_0a1b2c', 'req_0a1b2c'],
      ['request-id', 'req_011CSHoEeqs5C35K2UUqR7Fy', 'req_011CSHoEeqs5C35K2UUqR7Fy'],
      ['x-amzn-requestid', 'b3f0c1de-1111-2222-3333-444455556666', 'b3f0c1de-1111-2222-3333-444455556666'],
      ['x-request-id', 'my words, which are no id', undefined],
      ['x-request-id', `sk-proj-${'a1B2'.repeat(10)}`, undefined],
    ])('in %s: %s', async (header, id, logged) => {
      await start();
      bench.upstream.next(httpError(500, errorBody('secret'), { [header]: id }));
      const { headers } = await bench.ask();
      const line = await expectOneLine(headers['x-request-id'], {
        code: 'upstream_error',
        cause: /^upstream status 500/,
      });
      expect(line['upstream_request_id']).toBe(logged);
    });

    it('of a response that breaks in the middle, and of the one before it, each with its own id', async () => {
      await start({ UPSTREAM_MAX_RETRIES: '1' });
      bench.upstream
        .next(httpError(500, errorBody('secret'), { 'x-request-id': 'req_first' }))
        .next([sendHeaders(200, { 'x-request-id': 'req_second' }), role(), text('Half'), reset()]);
      const stream = await bench.open();
      assertErrorEnded(await stream.collect());
      await bench.accessLine();
      expect(bench.runLines()).toMatchObject([
        { attempt: 1, upstream_request_id: 'req_first' },
        { attempt: 2, upstream_request_id: 'req_second', code: 'upstream_connection_lost' },
      ]);
    });
  });

  describeIfRuns('openssl', ['version'])('names a certificate', () => {
    it('names a certificate that nobody trusts', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-certificate-'));
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2'];
      execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
      const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        await start({ OPENAI_BASE_URL: `https://localhost:${(server.address() as AddressInfo).port}/v1` });
        const { headers } = await bench.ask();
        await expectOneLine(headers['x-request-id'], {
          code: 'upstream_unreachable',
          cause: /^DEPTH_ZERO_SELF_SIGNED_CERT: certificate is self-signed/,
        });
      } finally {
        server.close();
        rmSync(folder, { recursive: true });
      }
    });
  });
});
