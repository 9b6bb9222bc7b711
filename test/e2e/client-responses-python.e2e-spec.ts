import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { BodyWatch } from '../support/conversations.js';
import { type ChildProcess, startProcess } from '../support/process.js';
import { describeIfRuns, PYTHON_ENV } from '../support/programs.js';
import { scriptCompletion, scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { reasoning, reset, role, text } from '../support/upstream/steps.js';

const SCRIPT = join(import.meta.dirname, '../fixtures/openai_responses_client.py');
/** Python may take seconds for its imports on a busy machine. */
const LONGEST_MS = 30_000;
const REPLY = { thinking: 'Let me think.', reply: 'Hello 🙂' };
const ULM = { city: 'Ulm', population: 126_000 };

const describePython = describeIfRuns('python3', ['-c', 'import openai'], PYTHON_ENV);

describePython('the openai package for Python as a client of responses', () => {
  let bench: Bench;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(async () => {
    await child?.stop();
    await bench.close();
  });

  /** What the client gets when it asks in these ways, one after the other. */
  async function ask(...ways: readonly string[]): Promise<unknown[]> {
    child = await startProcess(['-B', SCRIPT, bench.app.baseUrl, ...ways], { command: 'python3', env: PYTHON_ENV });
    const { code } = await child.exit;
    if (code !== 0) throw new Error(`The script failed:\n${child.stderr}`);
    return child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }

  it(
    'creates, streams, follows its helper and parses',
    async () => {
      bench.upstream
        .next(scriptStream('Hello there.', { usage: tokens(3, 4) }))
        .next(scriptStream('Hello there.'))
        .next(scriptCompletion(REPLY))
        .next(scriptCompletion(REPLY))
        .next(scriptCompletion(ULM))
        .next(scriptCompletion(ULM));
      expect(await ask('whole', 'stream', 'helper', 'parsed')).toEqual([
        { text: 'Hello there.', status: 'completed', tokens: 7 },
        { text: `Hello there.\n\n${JSON.stringify(REPLY)}`, last: 'response.completed' },
        { text: REPLY.reply, reasoning: [REPLY.thinking], typed: true },
        [ULM, ULM],
      ]);
    },
    LONGEST_MS,
  );

  it(
    'gets typed errors before the stream, and in it the text so far and what failed in words',
    async () => {
      bench.upstream.always([role(), text('Once upon'), reset()]);
      const broke = { class: 'APIError', message: expect.stringContaining('model provider broke') };
      expect(await ask('unknown', 'failing', 'failing_helper')).toEqual([
        { class: 'NotFoundError', code: 'model_not_found', param: 'model' },
        { text: 'Once upon', ...broke },
        broke,
      ]);
    },
    LONGEST_MS,
  );

  it.each(['items', 'chained'])(
    'goes on through a loop with a tool, by its %s',
    async (way) => {
      const sent = new BodyWatch(bench.app.nest.getHttpServer());
      bench.upstream
        .next([reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
        .next(scriptStream('It is 5.'))
        .next(scriptStream('It was 5.'));
      expect(await ask(way)).toEqual([['', 'It is 5.', 'It was 5.']]);
      sent.expectFixture(`openai-python-${way}`);
    },
    LONGEST_MS,
  );

  it(
    'answers what a run waits for, as a call of a function',
    async () => {
      bench.upstream.next(scriptStream('A draft.')).next(scriptStream('It goes out.'));
      const call = ['approve', { draft: 'A draft.' }];
      expect(await ask('answered')).toEqual([['A draft.', ...call, 'It goes out.', 'completed']]);
    },
    LONGEST_MS,
  );

  it(
    'retrieves a stored response, lists what it was asked, and deletes it',
    async () => {
      bench.upstream.next(scriptStream('Hello there.'));
      expect(await ask('kept')).toEqual([{ text: 'Hello there.', asked: ['Hello'], deleted: true }]);
    },
    LONGEST_MS,
  );
});
