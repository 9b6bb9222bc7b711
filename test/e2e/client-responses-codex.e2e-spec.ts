import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { BodyWatch } from '../support/conversations.js';
import { within } from '../support/eventually.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { describeIfRuns } from '../support/programs.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { httpError, reasoning, reset, role, text } from '../support/upstream/steps.js';

/** The program has 200 MB: its start may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 30_000;

// `.ci/run` installs it; it is too large to be a development dependency.
describeIfRuns('codex', ['--version'])('Codex as a client of responses', () => {
  let bench: Bench;
  let home: string;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    bench = await Bench.start();
    home = await mkdtemp(join(tmpdir(), 'millrace-codex-'));
  });
  afterEach(async () => {
    await child?.stop();
    await rm(home, { recursive: true, force: true });
    await bench.close();
  });

  /** The events of `codex exec`. */
  async function exec(model: string, ...args: readonly string[]): Promise<readonly CodexEvent[]> {
    // Its requests to GitHub and OpenAI are switched off; any others would go to a closed port.
    await writeFile(
      join(home, 'config.toml'),
      `model = "${model}"
model_provider = "millrace"
check_for_update_on_startup = false
[model_providers.millrace]
name = "Millrace"
base_url = "${bench.app.baseUrl}"
wire_api = "responses"
env_key = "MILLRACE_KEY"
request_max_retries = 0
stream_max_retries = 0
[analytics]
enabled = false
[features]
plugins = false
apps = false
`,
    );
    child = await startProcess(['exec', '--json', '--skip-git-repo-check', ...args], {
      command: 'codex',
      cwd: home,
      env: { HOME: home, CODEX_HOME: home, MILLRACE_KEY: 'any', HTTPS_PROXY: 'http://127.0.0.1:9' },
    });
    await within(child.exit, { within: LONGEST_MS, message: 'the end of codex' });
    return child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CodexEvent);
  }

  it(
    'gets a response, and continues with its history in a second turn',
    async () => {
      const sent = new BodyWatch(bench.app.nest.getHttpServer());
      bench.upstream.next([reasoning('I need to add.'), ...scriptStream('It is 5.')]).next(scriptStream('It was 5.'));
      expect(readMessages(await exec('chat', 'How much is 2 + 3?'))).toEqual(['It is 5.']);
      expect(readMessages(await exec('chat', 'resume', '--last', 'What was it?'))).toEqual(['It was 5.']);
      expect((await bench.upstream.request(1)).body.messages.slice(-3)).toMatchObject([
        { role: 'user', content: expect.stringMatching(/How much is 2 \+ 3\?$/) },
        { role: 'assistant', content: 'It is 5.' },
        { role: 'user', content: 'What was it?' },
      ]);
      sent.expectFixture('codex', ['tools', 'client_metadata']);
    },
    2 * LONGEST_MS,
  );

  it(
    'shows each step of a workflow, though it offers tools that the workflow does not take',
    async () => {
      const reply = { thinking: 'Hm.', reply: 'Hello.' };
      bench.upstream.next(scriptStream('One.')).next(scriptCompletion(reply));
      const messages = readMessages(await exec('streaming', 'Hello'));
      expect(messages.map((message) => message.trim())).toEqual(['One.', JSON.stringify(reply)]);
    },
    LONGEST_MS,
  );

  it(
    'tells its user in words what failed, before the response and in it',
    async () => {
      bench.upstream.next(httpError(500, 'down')).next([role(), text('Once upon'), reset()]);
      expect((await exec('chat', 'Hello')).at(-1)).toMatchObject({
        type: 'turn.failed',
        error: { message: expect.stringContaining('model provider failed') },
      });
      expect((await exec('chat', 'Hello')).at(-1)).toMatchObject({
        type: 'turn.failed',
        error: { message: expect.stringContaining('model provider broke') },
      });
    },
    2 * LONGEST_MS,
  );
});

interface CodexEvent {
  readonly type: string;
  readonly item?: { readonly type: string; readonly text?: string };
}

function readMessages(events: readonly CodexEvent[]): readonly string[] {
  return events.flatMap(({ type, item }) =>
    type === 'item.completed' && item?.type === 'agent_message' ? [item.text ?? ''] : [],
  );
}
