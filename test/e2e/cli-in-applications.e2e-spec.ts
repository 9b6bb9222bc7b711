import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Finished, LinkedProject } from '../support/linked-project.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { scriptStream } from '../support/upstream/scripts.js';

/** A compiler may take this long on a busy machine, in milliseconds. */
const LONGEST_MS = 120_000;

const TONED = `import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';

@Workflow({ id: 'toned', description: 'Answers in a tone', onlyAsStep: true })
export class TonedWorkflow {
  readonly answer = agent({
    instructions: ({ tone }: { tone: string }) => \`Be \${tone}.\`,
    model: ['openai/gpt-9', { model: 'ollama/llama9', settings: { temperature: 0 } }],
  });

  define(flow: Flow, { messages, tone }: ChatRefs<{ tone: string }>) {
    return flow.stream(this.answer, { messages, tone });
  }
}
`;

describe('the command line in an application with a workflow that is only a step', () => {
  let project: LinkedProject;
  let upstream: ScriptedUpstream;
  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    project = await LinkedProject.make();
    await project.write('src/workflows/toned.workflow.ts', TONED);
    const module = 'src/workflows/workflows.module.ts';
    await project.write(
      module,
      `import { TonedWorkflow } from './toned.workflow.js';\n${await project.read(module)}`.replace(
        'providers: [',
        'providers: [TonedWorkflow, ',
      ),
    );
    expect(await project.cli('build')).toEqual({ code: 0, stdout: '', stderr: '' });
  }, LONGEST_MS);
  afterAll(async () => {
    await project.remove();
    await upstream.close();
  });

  const cli = (env: Record<string, string>, ...args: readonly string[]): Promise<Finished> =>
    project.finish(['node_modules/millrace/dist/cli.js', ...args], { env });
  const withUpstream = (): Record<string, string> => ({
    OPENAI_BASE_URL: upstream.url.replace('://', '://someone:hidden@'),
    UPSTREAM_MAX_RETRIES: '0',
  });

  describe('the command models', () => {
    const makeEnv = (): Record<string, string> => ({
      OPENAI_BASE_URL: `${withUpstream()['OPENAI_BASE_URL']}?token=hidden`,
      MISTRAL_API_KEY: 'hidden',
      OPENAI_MODEL: 'gpt-8',
    });

    it('shows providers, where their keys come from, and what each agent asks, without a secret', async () => {
      const { code, stdout, stderr } = await cli(makeEnv(), 'models');
      expect([code, stderr, stdout.includes('hidden')]).toEqual([0, '', false]);
      expect(stdout).toContain(`  openai            gpt-8 at ${upstream.url}, key from OPENAI_BASE_URL\n`);
      expect(stdout).toMatch(/^ {2}mistral +the models that agents name at \S+, key from MISTRAL_API_KEY$/m);
      expect(stdout).toMatch(/^ {2}anthropic +not configured: needs ANTHROPIC_API_KEY/m);
      expect(stdout).toMatch(/^Default model: openai\/gpt-8$/m);
      expect(stdout).toMatch(/^ {2}toned: answer +openai\/gpt-9, then ollama\/llama9$/m);
    });

    it('shows the same as JSON', async () => {
      const { code, stdout } = await cli(makeEnv(), 'models', '--format', 'json');
      expect([code, stdout.includes('hidden')]).toEqual([0, false]);
      expect(JSON.parse(stdout)).toMatchObject({
        default: 'openai/gpt-8',
        providers: expect.arrayContaining([
          expect.objectContaining({
            name: 'openai',
            configured: true,
            demo: false,
            address: upstream.url,
            model: 'gpt-8',
          }),
          expect.objectContaining({ name: 'bedrock', configured: false, key: null, needs: expect.any(String) }),
        ]),
        agents: expect.arrayContaining([
          { workflow: 'toned', agent: 'answer', models: ['openai/gpt-9', 'ollama/llama9'] },
          { workflow: 'assistant', agent: 'answer', models: ['openai/gpt-8'] },
        ]),
      });
    });

    it('says that the demo answers where no provider is set up', async () => {
      const { stdout } = await cli({}, 'models');
      expect(stdout).toMatch(/^ {2}openai +the built-in demo answers in its place\. .*OPENAI_API_KEY/m);
    });
  });

  it('runs the workflow with the input that a workflow around it would give', async () => {
    upstream.next(scriptStream('Good day.'));
    const ran = await cli(withUpstream(), 'run', 'toned', 'Hello', '--input', '{"tone": "kind"}');
    expect(ran).toMatchObject({ code: 0, stdout: 'Good day.\n' });
    expect(upstream.requests.at(-1)?.body.messages).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hello' },
    ]);
    expect((await cli({}, 'list')).stdout).toMatch(
      /^toned +Answers in a tone \(only as a step, which gives it tone\)$/m,
    );
  });

  it.each([
    [[], 1, `"toned" also reads "tone", which it is not given. Give it as JSON: --input '{"tone": …}'.\n`],
    [
      ['--input', '{"tome": "kind"}'],
      1,
      `"toned" also reads "tone", which it is not given. "toned" does not read "tome", but "tone". Give it`,
    ],
    [['--input', '{tone: kind}'], 2, 'The input must be an object in JSON: '],
    [['--input', '["kind"]'], 2, 'The input must be an object in JSON: it is not an object. '],
  ])('refuses the input %j before anything runs, and says what to give', async (args, code, message) => {
    const before = upstream.requests.length;
    const refused = await cli(withUpstream(), 'run', 'toned', 'Hello', ...args);
    expect([refused.code, refused.stdout]).toEqual([code, '']);
    expect(refused.stderr.startsWith(message)).toBe(true);
    expect(upstream.requests).toHaveLength(before);
  });

  it('gives no input to a workflow that reads none', async () => {
    expect(await cli({}, 'run', 'assistant', 'Hello', '--input', '{"tone": "kind"}')).toEqual({
      code: 1,
      stdout: '',
      stderr: '"assistant" does not read "tone". Leave --input out.\n',
    });
  });
});
