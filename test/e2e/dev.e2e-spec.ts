import { readFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assertErrorEnded } from '../support/chunks.js';
import { LONGEST_RESTART_MS, waitUntilServed } from '../support/dev-application.js';
import { eventually } from '../support/eventually.js';
import { getJson, postJson } from '../support/http-client.js';
import { Inspector } from '../support/inspector.js';
import { LinkedProject } from '../support/linked-project.js';
import { type ChildProcess, isAlive } from '../support/process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { findFreePort } from '../support/server-process.js';
import { openStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';
import { CLI } from '../support/places.js';

const LONGEST_MS = LONGEST_RESTART_MS;
const SOURCE = 'src/workflows/assistant/assistant.workflow.ts';
const PROMPT = 'src/workflows/assistant/prompts/answer.md';
const WORKFLOW = `import { agent, type ChatRefs, type Flow, promptFile, Workflow } from 'millrace';

@Workflow({ id: 'assistant', description: 'Version 1' })
export class AssistantWorkflow {
  readonly answer = agent({ instructions: promptFile('./prompts/answer.md', import.meta.url) });

  define(flow: Flow, { messages }: ChatRefs) {
    const checked = flow.run('check', { messages }, (input) => {
      if (input.messages.at(-1)?.content === 'fail') throw new Error('It failed here.');
      return input.messages;
    });
    return flow.stream(this.answer, { messages: checked });
  }
}
`;
const FAILING_LINE = WORKFLOW.split('\n').findIndex((line) => line.includes('It failed here.')) + 1;

describe('millrace dev', () => {
  let project: LinkedProject;
  let upstream: ScriptedUpstream;
  let port: string;
  let dev: ChildProcess;
  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    project = await LinkedProject.make();
    await project.write(SOURCE, WORKFLOW);
    await project.write(PROMPT, 'You are the first.\n');
    dev = await start('--inspect=127.0.0.1:0');
    await waitFor('Version 1');
  }, 4 * LONGEST_MS);
  afterAll(async () => {
    await project.remove();
    await upstream.close();
  });

  async function start(...args: readonly string[]): Promise<ChildProcess> {
    port = await findFreePort();
    const env = { PORT: port, OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', UPSTREAM_MAX_RETRIES: '0' };
    return project.start([CLI, 'dev', ...args], { env });
  }
  const url = (path: string): string => `http://127.0.0.1:${port}${path}`;
  const completion = (content: string, stream = false) => ({
    model: 'assistant',
    stream,
    messages: [{ role: 'user', content }],
  });
  /** Waits until the application serves its workflow with this description, at its first port. */
  const waitFor = (description: string): Promise<void> =>
    waitUntilServed(dev, url('/v1/models/assistant'), description);
  const starts = (): number => dev.stdout.match(/^\[dev\] .*Starting/gm)?.length ?? 0;
  const describeAs = (version: string): Promise<void> => project.write(SOURCE, WORKFLOW.replace('Version 1', version));

  it(
    'runs a change at the same port',
    async () => {
      await describeAs('Version 2');
      await waitFor('Version 2');
      expect(starts()).toBe(2);
    },
    LONGEST_MS,
  );

  it(
    'keeps the last good build running while there is an error, and says where it is',
    async () => {
      await project.write(
        SOURCE,
        WORKFLOW.replace('Version 1', 'Version 3').replace('messages: checked', 'messages: 3'),
      );
      await dev.waitForLine(/assistant\.workflow\.ts\(12,\d+\): error TS\d+: /, { within: LONGEST_MS });
      await dev.waitForLine(/^\[dev\] 1 error\. The last good build keeps running\.$/, { within: LONGEST_MS });
      await waitFor('Version 2');
      await describeAs('Version 4');
      await waitFor('Version 4');
    },
    LONGEST_MS,
  );

  it(
    'runs the last of several quick changes',
    async () => {
      for (const version of ['5', '6', '7', '8']) await describeAs(`Version ${version}`);
      await waitFor('Version 8');
      expect(dev.stdout + dev.stderr).not.toMatch(/EADDRINUSE|has ended/);
    },
    LONGEST_MS,
  );

  it(
    'ends open streams as a shutdown does, without waiting long',
    async () => {
      upstream.next(scriptStream(['Hello', gate()]));
      const stream = await openStream(url('/v1/chat/completions'), completion('Hi', true));
      await stream.until((item) => item.kind === 'data' && item.data.includes('Hello'));
      await describeAs('Version 9');
      const items = await stream.collect({ within: LONGEST_MS });
      const data = items.flatMap((item) => (item.kind === 'data' ? [item.data] : []));
      expect(data.slice(-2)).toEqual([expect.stringContaining('"error"'), '[DONE]']);
      await waitFor('Version 9');
    },
    LONGEST_MS,
  );

  it(
    'uses a changed prompt file without another start',
    async () => {
      const before = starts();
      upstream.next(scriptStream('One.'));
      await postJson(url('/v1/chat/completions'), completion('Hi'));
      await project.write(PROMPT, 'You are the second.\n');
      await eventually(async () => (await project.read(PROMPT.replace('src', 'dist'))).includes('second'));
      upstream.next(scriptStream('Two.'));
      await postJson(url('/v1/chat/completions'), completion('Hi'));
      const prompts = upstream.requests.slice(-2).map(({ body }) => body.messages[0]?.content);
      expect(prompts).toEqual(['You are the first.', 'You are the second.']);
      expect(starts()).toBe(before);
    },
    LONGEST_MS,
  );

  it(
    'starts again when .env changes',
    async () => {
      upstream.next(scriptStream('Hm.'));
      await project.write('.env', 'OPENAI_MODEL=from-env\n');
      await dev.waitForLine(/^\[dev\] \.env has changed\. Starting again …$/, { within: LONGEST_MS });
      await waitFor('Version 9');
      await eventually(async () => (await postJson(url('/v1/chat/completions'), completion('Hi'))).status === 200);
      expect(upstream.requests.at(-1)?.body.model).toBe('from-env');
    },
    LONGEST_MS,
  );

  it('names lines of the sources where code fails', async () => {
    expect((await postJson(url('/v1/chat/completions'), completion('fail'))).status).toBe(500);
    await dev.waitForLine(new RegExp(`src/workflows/assistant/assistant\\.workflow\\.ts:${FAILING_LINE}:`));
  });

  it(
    'stops at a breakpoint in a source',
    async () => {
      const addresses = [...dev.stderr.matchAll(/^Debugger listening on (ws:\S+)$/gm)].map(
        ([, address = '']) => address,
      );
      const inspector = await Inspector.open(addresses.at(-1) ?? '');
      try {
        const script = await inspector.findScript('assistant.workflow.js');
        const path = fileURLToPath(script.url);
        const mapPath = resolve(dirname(path), script.sourceMapURL);
        const map = JSON.parse(await readFile(mapPath, 'utf8')) as SourceMapPayload;
        expect(map.sources.map((source) => resolve(dirname(mapPath), source))).toEqual([join(project.root, SOURCE)]);

        const lines = (await readFile(path, 'utf8')).split('\n');
        const findSourceLine = (line: number, column: number): number => {
          const entry = new SourceMap(map).findEntry(line, column);
          return 'originalLine' in entry ? entry.originalLine + 1 : 0;
        };
        const line = lines.findIndex((text, index) => findSourceLine(index, text.search(/\S/)) === FAILING_LINE);
        await inspector.call('Debugger.setBreakpointByUrl', { url: script.url, lineNumber: line });
        upstream.next(scriptStream('Past it.'));
        const response = postJson(url('/v1/chat/completions'), completion('Hi'));
        const { lineNumber, columnNumber } = await inspector.pause();
        expect(findSourceLine(lineNumber, columnNumber)).toBe(FAILING_LINE);
        await inspector.call('Debugger.resume');
        expect((await response).status).toBe(200);
      } finally {
        inspector.close();
      }
    },
    LONGEST_MS,
  );

  it(
    'ends open streams at Ctrl-C, and leaves nothing running',
    async () => {
      const pids = await project.findProcesses();
      expect(pids.length).toBeGreaterThanOrEqual(3);
      upstream.next(scriptStream(['Half', gate()]));
      const stream = await openStream(url('/v1/chat/completions'), completion('Hello', true));
      await stream.until((item) => item.kind === 'data' && item.data.includes('Half'));
      dev.signal('SIGINT');
      expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'server_shutting_down' });
      expect(await dev.exit).toEqual({ code: 0, signal: null });
      await eventually(() => !pids.some(isAlive), { message: `the end of ${pids.join(', ')}` });
      await expect(getJson(url('/v1/models'))).rejects.toThrow('ECONNREFUSED');
    },
    LONGEST_MS,
  );

  it.each([
    [['dev', '--project', 'no.json'], 'no.json: no such file in '],
    [
      ['dev', '--main', 'dist/server.js'],
      'dist/server.js is not among the compiled files. Say what to run: --main <file>',
    ],
  ])(
    'says what to do if it cannot begin: %j',
    async (args, message) => {
      const { code, stderr } = await project.finish([CLI, ...args]);
      expect(code).toBe(1);
      expect(stderr).toContain(message);
    },
    LONGEST_MS,
  );
});
