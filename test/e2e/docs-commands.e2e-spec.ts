import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { assertCompletion, readContent } from '../support/chunks.js';
import { type DocsCommand, findDocsCommands } from '../support/docs-commands.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { copyProject } from '../support/project-copy.js';
import { readResponseStream } from '../support/responses-client.js';
import { ensureServerIsBuilt } from '../support/server-process.js';
import { readFrames } from '../support/sse-frames.js';
import { ROOT } from '../support/places.js';

/** npm, a compiler or a server start may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 120_000;

const DOCKER = 'needs Docker; the files it reads are checked in deploy.e2e-spec.ts';
const KUBERNETES = 'needs a cluster; the files it reads are checked in deploy-kubernetes.e2e-spec.ts';
const PART_OF_VERIFY = '`npm run verify` and CI run it, and it takes long';
const BENCH = 'takes minutes, and needs a quiet machine; CI runs bench:smoke';
const FRESH = '.ci/run does it in a fresh clone';
const APPLICATION = 'commands-in-applications.e2e-spec.ts and tutorial.e2e-spec.ts do it in an application';
const TUTORIAL = 'tutorial.e2e-spec.ts does it in the application that the page makes';
const RUNS = 'runs-commands.e2e-spec.ts asks a server';
const FRAGMENT = 'a setting or a name, no whole command';

/** Commands that are not run here, each with the reason. A new command in the docs must be run below, or added here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': FRESH,
  'npm ci && npm test': FRESH,
  'npm test': FRESH,
  'npm run verify': FRESH,
  'npm run docs:api': FRESH,
  'npm run workflow': 'prints its usage: cli.e2e-spec.ts; its commands are run below',
  'npm install': APPLICATION,
  'npm pack': 'package.e2e-spec.ts packs with it',
  'npm run dev': 'dev.e2e-spec.ts',
  'npm run dev -- --inspect': 'dev.e2e-spec.ts',
  'npx millrace init my-app': APPLICATION,
  'npx millrace list': APPLICATION,
  'npm run workflow -- run assistant "Hello"': APPLICATION,
  'npm run workflow -- new my-flow --kind tools': APPLICATION,
  'npm run workflow -- run toned "Hello" --input \'{"tone": "kind"}\'': 'cli-in-applications.e2e-spec.ts',
  'npm run workflow -- --help': 'cli.e2e-spec.ts',
  'npm run deps': PART_OF_VERIFY,
  'npm run typecheck': PART_OF_VERIFY,
  'npm run openapi': 'openapi.e2e-spec.ts compares what it writes with openapi.json',
  'npm run build': 'each `npm run workflow` below begins with it',
  'npm run build && node scripts/screenshots.mjs': 'needs a browser; playground.e2e-spec.ts drives the same page',
  'npx millrace init my-shop': TUTORIAL,
  'cd my-shop': TUTORIAL,
  'npx millrace run helpdesk "Hello, I was charged twice!"': TUTORIAL,
  'npx millrace graph support': TUTORIAL,
  'npm ci --ignore-scripts': 'install-scripts.e2e-spec.ts checks what it leaves out',
  'npm audit': 'asks the registry',
  'npm audit --omit=dev': 'asks the registry',
  'npm run bench': BENCH,
  'npm run bench -- --rounds 5 --json figures.json': BENCH,
  'npm run bench:smoke': BENCH,
  'npm run bench:start': BENCH,
  'npm run bench:soak': BENCH,
  'npm run bench:micro': BENCH,
  'npm run bench:micro -- framing': BENCH,
  'npm run bench:micro -- encode': BENCH,
  'npm run bench:tracing': BENCH,
  'npm run bench:durable': BENCH,
  'npm run bench:responses': BENCH,
  'npm run bench:processes': BENCH,
  'npm run bench -- --phases fair': BENCH,
  'npm run workflow -- graph <id>': 'has placeholders; the README has it with names',
  'npm run workflow -- run <id> <message>': 'has placeholders; the README has it with names',
  'JWT_JWKS_URL=https://id.example.com/.well-known/jwks.json': FRAGMENT,
  'JWT_ISSUER=https://id.example.com': FRAGMENT,
  'JWT_AUDIENCE=millrace': FRAGMENT,
  'ulimit -n 65536': 'is refused where the machine allows fewer',
  'ulimit -n': FRAGMENT,
  'LANGFUSE_PUBLIC_KEY=pk-lf-… LANGFUSE_SECRET_KEY=sk-lf-… npm start': 'needs keys; tracing-process.e2e-spec.ts',
  'LANGFUSE_BASE_URL=http://localhost:3000 LANGFUSE_PUBLIC_KEY=… … npm start':
    'needs keys; tracing-process.e2e-spec.ts',
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 npm start': 'needs a collector; tracing-process.e2e-spec.ts',
  'docker compose up --build': DOCKER,
  'docker compose --profile gateway up --build': DOCKER,
  'docker compose --profile metrics up --build': DOCKER,
  'docker compose --profile durable up --build': DOCKER,
  'docker compose --profile langfuse up --build': DOCKER,
  'docker compose config': DOCKER,
  'docker build -t millrace .': DOCKER,
  'docker build': DOCKER,
  'docker run --ulimit nofile=65536': DOCKER,
  'npm run workflow -- runs list': RUNS,
  'kubectl kustomize': KUBERNETES,
  'kubectl apply -k deploy/kubernetes': KUBERNETES,
};
/** The beginnings of commands that run for a long time. */
const ELSEWHERE_BY_PREFIX = {
  'npm install ai ': 'the packages are development dependencies here, and client-ai-sdk.e2e-spec.ts uses them',
  'docker run --rm ': DOCKER,
  'npx millrace runs ': RUNS,
  'kubectl ': KUBERNETES,
  '(cd deploy/kubernetes ': KUBERNETES,
};

/** The demo's answer to "Hello, how are you?". */
const GREETING = /^Hello! .+/m;

interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** The output that a command must write. Its exit code must be 0. */
const EXPECTED: Readonly<Record<string, (output: CommandOutput) => void>> = {
  'npm run workflow -- list': ({ stdout }) => expect(stdout).toMatch(/^chat +A plain conversation/m),
  'npm run workflow -- run chat "Hello, how are you?"': ({ stdout, stderr }) => {
    expect(stdout).toMatch(GREETING);
    expect(stderr).toMatch(/^stop, \d+ \+ \d+ tokens$/m);
  },
  'npm run workflow -- graph research': ({ stdout }) => expect(stdout).toMatch(/^flowchart TD\n[^]*plan/m),
  'npm run workflow -- models': ({ stdout }) => expect(stdout).toMatch(/^ {2}chat: answer +openai\//m),
  'npm run --silent workflow -- key create ci': ({ stdout }) => expect(stdout).toMatch(/^sk-mr-[\w-]{43}$/m),
  'npm run --silent workflow -- key hash < key.txt': ({ stdout }) => expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/),
  'node summarize.mjs': ({ stdout }) => expect(stdout).not.toBe(''),
  // This stands last, because commands after it that begin with a build would compile its files.
  'npm run workflow -- new my-flow': ({ stdout }) => expect(stdout).toContain('src/workflows/my-flow'),
};
/** Pages whose commands have a spec of their own. */
const PAGES_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/durable.md': 'docs-durable.e2e-spec.ts runs them with a real PostgreSQL',
  'docs/nest-application.md': 'package.e2e-spec.ts runs them in an application',
  'docs/resuming.md': 'docs-resuming.e2e-spec.ts runs every block as a whole',
};
/** The commands that keep running beside all others. */
const SERVERS = ['npm start'];

describe('The commands of README and docs', () => {
  let copy: string;
  let url: string;
  let commands: readonly DocsCommand[];
  const children: ChildProcess[] = [];

  /** Copies the project with its build: npm's scripts compile again, and other tests use the original build. */
  beforeAll(async () => {
    const found = await findDocsCommands(ROOT, ['README.md', 'docs']);
    commands = found.filter(({ page }) => !(page in PAGES_ELSEWHERE));
    await ensureServerIsBuilt();
    copy = await mkdtemp(join(tmpdir(), 'millrace-docs-'));
    const kept = [
      'src',
      'scripts',
      'templates',
      'dist',
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
      '.npmrc',
    ];
    await copyProject(copy, kept);
    await writeFile(join(copy, 'key.txt'), 'a-key-that-something-else-has-made\n');
    const outside = commands.find(isOutsideHttp);
    await writeFile(join(copy, 'summarize.mjs'), outside?.text ?? '');

    // The command of the README, but on any free port of the loopback interface.
    const server = await start('npm start', { PORT: '0', HOST: '127.0.0.1' });
    [, url = ''] = await server.waitForLine(/ready at (http:\/\/[\w.:]+)/, { within: LONGEST_MS });
  }, 2 * LONGEST_MS);
  afterAll(async () => {
    await Promise.all(children.map((child) => child.stop()));
    await rm(copy, { recursive: true, force: true });
  });

  async function start(command: string, env: Record<string, string> = {}): Promise<ChildProcess> {
    const child = await startProcess(['-c', command], {
      command: 'sh',
      cwd: copy,
      group: true,
      env: { HOME: copy, npm_config_update_notifier: 'false', ...env },
    });
    children.push(child);
    return child;
  }

  async function run(command: string, env?: Record<string, string>): Promise<CommandOutput> {
    const child = await start(command, env);
    const { code } = await child.exit;
    const { stdout, stderr } = child;
    if (code !== 0) throw new Error(`\`${command}\` ended with ${code}:\n${stdout}${stderr}`);
    return { stdout, stderr };
  }

  const isOutsideHttp = ({ text }: DocsCommand): boolean => text.includes('createApplicationContext');
  // Its server does not exist; client-mcp.e2e-spec.ts sends the same request with a real server.
  const namesMcpServer = ({ text }: DocsCommand): boolean => text.includes('server_url:');
  const isCurl = ({ text }: DocsCommand): boolean => text.startsWith('curl ');
  const isAnswer = ({ text }: DocsCommand): boolean => text.includes('"model":"approval"');

  it('are all run here, or listed with the reason why not', () => {
    const others = commands.filter((command) => command.language === 'sh' && !isCurl(command) && !isAnswer(command));
    const known = [...Object.keys(EXPECTED), ...Object.keys(ELSEWHERE), ...SERVERS];
    const isKnown = (text: string): boolean =>
      known.includes(text) || Object.keys(ELSEWHERE_BY_PREFIX).some((prefix) => text.startsWith(prefix));
    expect(others.filter(({ text }) => !isKnown(text))).toEqual([]);
    expect(known.filter((text) => !others.some((command) => command.text === text))).toEqual([]);
  });

  it('name scripts and programs that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const everywhere = await findDocsCommands(ROOT, ['README.md', 'docs', 'bench', 'deploy']);
    const named = everywhere.flatMap(({ text }) => [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)]);
    expect(named.length).toBeGreaterThan(20);
    expect(named.map(([, name = '']) => name).filter((name) => !(name in scripts))).toEqual([]);
  });

  it(
    'of curl stream a completion or a response each, at the pace of the demo',
    async () => {
      const curls = [...new Set(commands.filter(isCurl).map(({ text }) => text))];
      expect(curls.length).toBeGreaterThanOrEqual(3);
      await Promise.all(
        curls
          // This copy does not have the tutorial's workflow; tutorial.e2e-spec.ts runs this command.
          .filter((text) => !text.includes('"model":"helpdesk"'))
          .map(async (text) => {
            const { stdout } = await run(text.replaceAll('http://localhost:8080', url));
            const frames = readFrames(stdout);
            const [, model = ''] = /"model":"([\w-]+)"/.exec(text) ?? [];
            const isResponse = text.includes('/v1/responses');
            if (!isResponse)
              assertCompletion(frames, { model, finish: 'stop', includeUsage: text.includes('include_usage') });
            expect(isResponse ? readResponseStream(frames).text : readContent(frames)).not.toBe('');
          }),
      );
    },
    LONGEST_MS,
  );

  it(
    'that answer a waiting run get its result, over each protocol',
    async () => {
      const answers = commands.filter(isAnswer);
      expect(answers.map(({ page }) => page)).toEqual(['docs/api.md', 'docs/responses.md', 'docs/runs.md']);
      const ends = [/"finish_reason":"stop"/, /"status":"completed"[^]*"output_text"/, /"type":"run-finished"/];
      const outputs = await Promise.all(answers.map(({ text }) => run(text.replaceAll('http://localhost:8080', url))));
      expect(outputs.filter(({ stdout }, place) => ends[place]?.test(stdout) !== true)).toEqual([]);
    },
    LONGEST_MS,
  );

  it(
    'that are scripts of a client print a completion',
    async () => {
      const scripts = commands.filter(
        (command) => command.language === 'ts' && !isOutsideHttp(command) && !namesMcpServer(command),
      );
      expect(scripts).toHaveLength(1);
      for (const { text } of scripts) {
        const { outputText } = ts.transpileModule(text.replaceAll('http://localhost:8080', url), {
          compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
        });
        await writeFile(join(copy, 'script.mjs'), outputText);
        expect((await run('node script.mjs')).stdout).toMatch(GREETING);
      }
    },
    LONGEST_MS,
  );

  it.each(Object.entries(EXPECTED))(
    '%s',
    async (command, check) => {
      check(await run(command));
    },
    LONGEST_MS,
  );
});
