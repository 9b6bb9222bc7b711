import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { type ProcessOptions, startProcess } from '../support/process.js';
import { describeIfRuns, PYTHON_ENV } from '../support/programs.js';
import { describePython } from '../support/python-client.js';
import { ROOT } from '../support/places.js';

const EXAMPLES = join(ROOT, 'examples');
/** The imports of a client may take seconds on a busy machine. */
const LONGEST_MS = 20_000;

/** The demo's output for the question of the examples. */
const PRODUCT = /12 \* 7 = 84\./;
const TOKENS = /^\(\d+ tokens\)$/m;
/** The demo's sentence about the tool's result, which shows that the client ran the tool and the model got the result. */
const WEATHER = /get_weather answered: .*clear.*21/;
const OBJECT = /^(?:Object|Parsed): \{[^]*reply:[^]*84/m;
const REASONING = /^Thinking: .*I have a rule.*\nReply: 12 \* 7 = 84\./m;
const REFUSED = /^Refused: 404 model_not_found \(request req_\w+\)$/m;

const describeCurl = describeIfRuns('curl', ['--version']);

describe('the examples', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  /** The output of an example, which finds the server through the variable that its first lines describe. */
  async function run(name: string, { env, ...options }: ProcessOptions = {}): Promise<string> {
    const args = [join(EXAMPLES, name)];
    const child = await startProcess(args, { ...options, env: { BASE_URL: app.baseUrl, ...env } });
    try {
      const { code } = await child.exit;
      expect({ code, stderr: code === 0 ? '' : child.stderr }).toEqual({ code: 0, stderr: '' });
      return child.stdout;
    } finally {
      await child.stop();
    }
  }

  it.each([
    ['openai-node.mjs', [PRODUCT, TOKENS, WEATHER, OBJECT, REFUSED]],
    ['ai-sdk.mjs', [REASONING, TOKENS, WEATHER, OBJECT]],
    ['langchain.mjs', [PRODUCT, TOKENS, REASONING, WEATHER, OBJECT]],
  ])(
    '%s runs',
    async (name, patterns) => {
      const output = await run(name);
      for (const pattern of patterns) expect(output).toMatch(pattern);
    },
    LONGEST_MS,
  );

  describeCurl('with curl', () => {
    it('curl.sh runs', async () => {
      const output = await run('curl.sh', { command: 'sh' });
      const [models, completion, ...events] = output.split('\n\n');
      expect(models).toContain('"id":"streaming"');
      expect(completion).toMatch(PRODUCT);
      expect(events.slice(0, -2)).toContainEqual(expect.stringContaining('84'));
      expect(events.slice(-3)).toEqual([expect.stringMatching(/^data: .*"total_tokens"/), 'data: [DONE]', '']);
    });
  });

  describePython('with Python', () => {
    it(
      'openai-python.py runs',
      async () => {
        const output = await run('openai-python.py', { command: 'python3', env: PYTHON_ENV });
        for (const pattern of [PRODUCT, TOKENS, REASONING, REFUSED]) expect(output).toMatch(pattern);
      },
      LONGEST_MS,
    );
  });

  it('are all run here', async () => {
    expect((await readdir(EXAMPLES)).sort()).toEqual([
      'ai-sdk.mjs',
      'curl.sh',
      'langchain.mjs',
      'openai-node.mjs',
      'openai-python.py',
    ]);
  });
});
