import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Bench, TestApp } from '../support/app.js';
import { assertCompletion, assertErrorEnded, readContent } from '../support/chunks.js';
import { HELLO as messages } from '../support/messages.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { describeIfRuns } from '../support/programs.js';
import { readFrames } from '../support/sse-frames.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { chunk, errorBody, gate, httpError, role, stall, text } from '../support/upstream/steps.js';
import { ROOT } from '../support/places.js';

const README = join(ROOT, 'README.md');
const JSON_HEADER = ['-H', 'Content-Type: application/json'];

describeIfRuns('curl', ['--version'])('curl as a client', () => {
  let bench: Bench;
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    bench = await Bench.start();
    folder = await mkdtemp(join(tmpdir(), 'millrace-curl-'));
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.stop()));
    await bench.close();
    await rm(folder, { recursive: true });
  });

  async function start(args: readonly string[], command = 'curl'): Promise<ChildProcess> {
    // An empty home folder, so that no .curlrc of the machine is read.
    const child = await startProcess(args, { command, env: { HOME: folder } });
    children.push(child);
    return child;
  }

  /** The output of curl, its exit code, and the status of the response. */
  async function curl(...args: readonly string[]): Promise<{ code: number | null; status: number; body: string }> {
    const child = await start(['-sS', '-w', '\n%{http_code}', ...args, bench.app.chatUrl]);
    const { code } = await child.exit;
    const end = child.stdout.lastIndexOf('\n');
    return { code, status: Number(child.stdout.slice(end)), body: child.stdout.slice(0, end) };
  }

  function body(fields: object): string[] {
    return ['-d', JSON.stringify({ model: 'chat', messages, ...fields })];
  }

  it('gets the streamed completion of the README', async () => {
    const command = /^```sh\n(curl -N [^]*?)^```$/m.exec(await readFile(README, 'utf8'))?.[1];
    expect(command).toContain('"model":"default"');
    const demo = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    try {
      const child = await start(['-c', (command ?? '').replaceAll('http://localhost:8080', demo.url)], 'sh');
      expect(await child.exit).toEqual({ code: 0, signal: null });
      const frames = readFrames(child.stdout);
      assertCompletion(frames, { model: 'default', finish: 'stop' });
      expect(readContent(frames)).toMatch(/^.+\n\n\{"thinking":".+","reply":".+"\}$/);
    } finally {
      await demo.close();
    }
  });

  // HTTP/1.0, which some proxies still use, has no chunks. --compressed offers gzip, which would delay tokens.
  it.each(['--http1.1', '--http1.0', '--compressed'])('gets a stream as it comes, with %s', async (option) => {
    const hold = gate();
    bench.upstream.next(scriptStream(['First', hold, ' second'], { usage: tokens(3, 4) }));
    const request = body({ stream: true, stream_options: { include_usage: true } });
    const child = await start(['-sSN', option, ...JSON_HEADER, ...request, bench.app.chatUrl]);
    await child.waitForLine(/"content":"First"/);
    expect(child.stdout).not.toContain('second');
    hold.open();
    expect(await child.exit).toEqual({ code: 0, signal: null });
    assertCompletion(readFrames(child.stdout), { content: 'First second', includeUsage: true, usage: tokens(3, 4) });
  });

  it('gets a whole completion', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const { code, status, body: text } = await curl(...JSON_HEADER, ...body({}));
    expect({ code, status }).toEqual({ code: 0, status: 200 });
    expect(JSON.parse(text)).toMatchObject({
      choices: [{ message: { content: 'Hello there.' } }],
      usage: { total_tokens: 7 },
    });
  });

  it.each([true, false])('fails with the error in its output, with stream: %p', async (stream) => {
    bench.upstream.next(httpError(429, errorBody('slow')));
    const limited = await curl('--fail-with-body', ...JSON_HEADER, ...body({ stream }));
    expect(limited).toMatchObject({ code: 22, status: 429 });
    expect(JSON.parse(limited.body)).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    const unknown = await curl('--fail-with-body', ...JSON_HEADER, ...body({ stream, model: 'nope' }));
    expect(unknown).toMatchObject({ code: 22, status: 404 });
    expect(JSON.parse(unknown.body)).toMatchObject({ error: { code: 'model_not_found' } });
  });

  it('gets an error that names the missing header', async () => {
    const { status, body: text } = await curl(...body({}));
    expect(status).toBe(415);
    expect(JSON.parse(text)).toMatchObject({
      error: { message: expect.stringContaining('Content-Type: application/json') },
    });
  });

  it('gets the text so far, and then the error, in a stream', async () => {
    bench.upstream.next([role(), text('So far'), chunk(errorBody('boom'))]);
    const { code, status, body: received } = await curl('-N', ...JSON_HEADER, ...body({ stream: true }));
    expect({ code, status }).toEqual({ code: 0, status: 200 });
    const frames = readFrames(received);
    expect(readContent(frames)).toBe('So far');
    expect(assertErrorEnded(frames).code).toBe('upstream_error');
  });

  it.each([true, false])('stops the upstream by Ctrl-C, with stream: %p', async (stream) => {
    bench.upstream.next([role(), text('One'), stall()]);
    const child = await start(['-sSN', ...JSON_HEADER, ...body({ stream }), bench.app.chatUrl]);
    const asked = await bench.upstream.request(0);
    if (stream) await child.waitForLine(/"content":"One"/);
    child.signal('SIGINT');
    expect(await asked.closed).toBe('aborted');
  });

  // For a body of more than a megabyte, curl sends `Expect: 100-continue` first, and the body after `100 Continue`.
  it.each([
    [2, 200],
    [11, 413],
  ])('gets a response to a body of %i MB: status %i', async (megabytes, expected) => {
    if (expected === 200) bench.upstream.next(scriptStream('Read.'));
    const file = join(folder, 'body.json');
    const content = 'x'.repeat(megabytes * 1024 * 1024);
    await writeFile(file, JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }] }));
    const { code, status, body: text } = await curl(...JSON_HEADER, '-d', `@${file}`);
    expect({ code, status }).toEqual({ code: 0, status: expected });
    expect(JSON.parse(text)).toHaveProperty(expected === 200 ? 'choices' : 'error');
  });
});
