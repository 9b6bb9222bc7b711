import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/checks.js';
import { readOutputText, readRun, retrieve } from '../support/logged.js';
import { describeInBrowser, TestBrowser, type Visitor } from '../support/browser.js';
import { readEventStream } from '../support/event-source.js';
import { PageServer } from '../support/page-server.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { describeIfRuns, PYTHON_ENV } from '../support/programs.js';
import {
  ensureServerIsBuilt,
  findFreePort,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.js';
import { SlowLink } from '../support/slow-link.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';
import { ROOT } from '../support/places.js';

/** Programs and pages, which read at the demo's pace, may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 60_000;
const SOON = { within: 20_000 };
/** The demo's answer to the question of the page. */
const GREETING = /^Hello! .+\S$/s;

interface Block {
  readonly language: string;
  readonly code: string;
}

describe('docs/resuming.md', () => {
  let blocks: readonly Block[];
  let port: string;
  let server: ServerProcess;
  /** A proxy to the server, whose connections can be cut. */
  let link: SlowLink;
  /** A folder within the project, so that Node finds its packages. */
  let folder: string;
  let runs: string;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    const source = await readFile(join(ROOT, 'docs/resuming.md'), 'utf8');
    blocks = [...source.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => ({
      language,
      code,
    }));
    await ensureServerIsBuilt();
    [folder, runs, port] = await Promise.all([
      mkdtemp(join(ROOT, 'node_modules/.resuming-')),
      mkdtemp(join(tmpdir(), 'millrace-resuming-')),
      findFreePort(),
    ]);
    const [, origin = ''] = /^CORS_ORIGINS=(\S+) npm start$/m.exec(source) ?? [];
    server = await startServerProcess({
      env: { CORS_ORIGINS: usePorts(origin), RUNS_DIR: runs, DEMO_TOKENS_PER_SECOND: '20' },
    });
    link = await SlowLink.to(new URL(server.url).host, 0);
  }, 120_000);
  afterEach(async () => {
    for (const child of children.splice(0)) await child.stop();
  });
  afterAll(async () => {
    await link.stop();
    await server.process.stop();
    await Promise.all([folder, runs].map((path) => rm(path, { recursive: true, force: true })));
  });

  /** The code of the page with free ports in place of its own. */
  const usePorts = (code: string): string => code.replaceAll(/\b3000\b/g, port);
  const findBlock = (language: string, part: string): string => {
    const found = blocks.filter((block) => block.language === language && block.code.includes(part));
    expect(found).toHaveLength(1);
    return usePorts(found[0]?.code ?? '').replaceAll('localhost:8080', link.address);
  };

  const run = async (command: string, args: readonly string[], env?: Readonly<Record<string, string>>) => {
    const child = await startProcess(args, { command, cwd: folder, ...(env !== undefined && { env }) });
    children.push(child);
    const { code } = await child.exit;
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${child.stdout}${child.stderr}`);
    return child.stdout;
  };

  it('has no block that is not run here', () => {
    expect(blocks.map(({ language }) => language)).toEqual([
      'html',
      'sh',
      'js',
      'py',
      'sh',
      'js',
      'sh',
      'sh',
      'js',
      'js',
    ]);
  });

  it(
    'leaves and comes back with openai for Node',
    async () => {
      await writeFile(join(folder, 'script.mjs'), findBlock('js', 'client.responses.retrieve'));
      expect(await run(process.execPath, ['script.mjs'])).toMatch(GREETING);
    },
    LONGEST_MS,
  );

  describeIfRuns(
    'python3',
    ['-c', 'import openai'],
    PYTHON_ENV,
  )('where Python has openai', () => {
    it(
      'leaves and comes back with it',
      async () => {
        await writeFile(join(folder, 'script.py'), findBlock('py', 'client.responses.retrieve'));
        expect(await run('python3', ['-B', 'script.py'], PYTHON_ENV)).toMatch(GREETING);
      },
      LONGEST_MS,
    );
  });

  it(
    'reads with curl from the start and from an event on, and the response when it has ended',
    async () => {
      const output = await run('sh', ['-ec', findBlock('sh', '/v1/responses')]);
      const parts = output.split('data: [DONE]\n\n');
      const [whole = [], byAddress, byHeader] = parts.slice(0, 3).map(readEventStream);
      expect(whole.at(-1)?.type).toBe('response.completed');
      expect(byAddress).toEqual(whole.slice(5));
      expect(byHeader).toEqual(byAddress);
      expect(JSON.parse(parts[3] ?? '')).toMatchObject({ status: 'completed', background: true });
    },
    LONGEST_MS,
  );

  it(
    'leaves a chat completion and comes back with openai for Node',
    async () => {
      await writeFile(join(folder, 'chat.mjs'), findBlock('js', 'client.chat.completions.retrieve'));
      expect(await run(process.execPath, ['chat.mjs'])).toMatch(/^Hello! .+\S\nstop\n$/s);
    },
    LONGEST_MS,
  );

  it(
    'reads a chat completion with curl from the start and from a chunk on, and whole',
    async () => {
      const output = await run('sh', ['-ec', findBlock('sh', '/v1/chat/completions')]);
      const parts = output.split('data: [DONE]\n\n');
      const [whole = [], byAddress, byHeader] = parts.slice(0, 3).map(readEventStream);
      expect(byAddress).toEqual(whole.filter(({ id }) => Number(id) > 3));
      expect(byAddress).not.toEqual([]);
      expect(byHeader).toEqual(byAddress);
      const { choices } = JSON.parse(parts[3] ?? '') as { choices: { message: { content: string } }[] };
      expect(choices[0]?.message.content).toMatch(GREETING);
    },
    LONGEST_MS,
  );

  it(
    'reads the events of a run with curl, from the start and from an event on, and the run',
    async () => {
      const output = await run('sh', ['-ec', findBlock('sh', '/v1/runs')]);
      const parts = output.split('retry: 2000\n');
      const [last = '', json = ''] = parts.pop()?.split(/(?<=\n\n)(?=\{)/) ?? [];
      const [whole = [], byAddress, byHeader] = [...parts.slice(1), last].map(readEventStream);
      expect(whole.at(-1)?.type).toBe('run-finished');
      expect(byAddress).toEqual(whole.slice(3));
      expect(byHeader).toEqual(byAddress);
      expect(JSON.parse(json)).toMatchObject({ status: 'completed', steps: [{}, {}] });
    },
    LONGEST_MS,
  );

  describeInBrowser()('in Chromium', () => {
    let browser: TestBrowser;
    let visitor: Visitor;
    beforeAll(async () => {
      browser = await TestBrowser.start();
    }, 60_000);
    afterEach(() => visitor.close());
    afterAll(() => browser.close());

    it(
      'reads the events of a run with a ticket, though the connection is cut',
      async () => {
        await writeFile(join(folder, 'ticket.mjs'), findBlock('js', 'ticket.url'));
        const url = (await run(process.execPath, ['ticket.mjs'], { MILLRACE_API_KEY: 'sk-any' })).trim();
        visitor = await browser.visit();
        const { page } = visitor;
        await page.goto(new URL(url).origin);
        const script = findBlock('js', 'new EventSource(url)');
        await page.evaluate(`(() => { const url = ${JSON.stringify(url)}; ${script}; window.source = source; })()`);
        const read = (): Promise<string> => page.locator('main').innerText();
        await eventually(async () => /Hello/.test(await read()), SOON);
        link.cut();
        await eventually(() => page.evaluate('source.readyState === 2'), SOON);
        const id = /run_[0-9a-f]+/.exec(url)?.[0] ?? '';
        const { output } = await readRun({ baseUrl: `${server.url}/v1` }, id);
        expect(output).toMatch(GREETING);
        expect(await page.locator('main').textContent()).toBe(output);
      },
      LONGEST_MS,
    );

    it(
      'shows what is right on its page when the server is killed in mid-sentence and started again',
      async () => {
        const upstream = await ScriptedUpstream.start();
        const PORT = await findFreePort();
        const [block] = blocks.filter(({ language }) => language === 'html');
        const page = await PageServer.start((block?.code ?? '').replaceAll('localhost:8080', `127.0.0.1:${PORT}`));
        const env = { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-test', CORS_ORIGINS: page.origin, PORT };
        const start = async (): Promise<ServerProcess> => {
          const started = await startServerProcess({ env: { ...env, RUNS_DIR: join(runs, 'killed') } });
          children.push(started.process);
          return started;
        };
        const first = await start();
        visitor = await browser.visit();
        await visitor.page.goto(page.origin);
        const hold = steps.gate();
        upstream.next(scriptStream(['I will sa', hold]));
        await visitor.page.getByRole('button', { name: 'Ask' }).click();
        await visitor.page.getByText('I will sa').waitFor();
        first.process.signal('SIGKILL');
        await first.process.exit;
        hold.open();
        upstream.next(scriptStream('I said it.'));
        await start();
        await visitor.page.getByText('completed').waitFor({ timeout: SOON.within });
        expect(await visitor.page.locator('main').innerText()).toBe('I said it.');
        await page.stop();
        await upstream.close();
      },
      LONGEST_MS,
    );

    describeIfRuns('python3', ['--version'])('served as it says', () => {
      it(
        'shows the completion once, though the connection is cut and the page reloaded',
        async () => {
          await writeFile(join(folder, 'index.html'), findBlock('html', 'EventSource'));
          const [serve = ''] = findBlock('sh', 'http.server').split('\n');
          const child = await startProcess(['-c', `exec ${serve}`], { command: 'sh', cwd: folder });
          children.push(child);
          await eventually(() => accepts(`http://127.0.0.1:${port}/`), SOON);

          visitor = await browser.visit();
          const { page, errors } = visitor;
          await page.goto(`http://localhost:${port}/`);
          const read = (selector: string): Promise<string> => page.locator(selector).innerText();
          const hasBegun = async (): Promise<boolean> => (await read('main')) !== '';
          await page.getByRole('button', { name: 'Ask' }).click();
          await eventually(hasBegun, SOON);
          link.cut();
          await page.reload();
          await eventually(hasBegun, SOON);
          link.cut();
          await eventually(async () => (await read('[role=status]')) === 'completed', SOON);
          const id = new URL(page.url()).hash.slice(1);
          const said = readOutputText(await retrieve({ baseUrl: `${server.url}/v1` }, id));
          expect(said).toMatch(GREETING);
          expect(await read('main')).toBe(said);
          expect(errors).toEqual([]);
        },
        LONGEST_MS,
      );
    });
  });
});

function accepts(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
