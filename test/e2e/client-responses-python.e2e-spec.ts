import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Bench } from '../support/app.js';
import { BodyWatch } from '../support/conversations.js';
import { describePython, PythonClient } from '../support/python-client.js';
import { scriptCompletion, scriptStream, scriptToolCalls, tokens } from '../support/upstream/scripts.js';
import { reasoning, reset, role, text } from '../support/upstream/steps.js';

/** Python may take seconds for its imports on a busy machine. */
const LONGEST_MS = 30_000;
const REPLY = { thinking: 'Let me think.', reply: 'Hello 🙂' };
const ULM = { city: 'Ulm', population: 126_000 };

describePython('the openai package for Python as a client of responses', () => {
  let bench: Bench;
  let client: PythonClient;
  beforeEach(async () => {
    client = await PythonClient.start('openai_responses_client.py');
    ({ bench } = client);
  });
  afterEach(() => client.close());

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
      expect(await client.ask('whole', 'stream', 'helper', 'parsed')).toEqual([
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
      expect(await client.ask('unknown', 'failing', 'failing_helper')).toEqual([
        { class: 'NotFoundError', code: 'model_not_found', param: 'model' },
        { text: 'Once upon', ...broke },
        broke,
      ]);
    },
    LONGEST_MS,
  );

  it.each(['items', 'chained'])(
    'continues through a loop with a tool, by its %s',
    async (way) => {
      const sent = new BodyWatch(bench.app.nest.getHttpServer());
      bench.upstream
        .next([reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
        .next(scriptStream('It is 5.'))
        .next(scriptStream('It was 5.'));
      expect(await client.ask(way)).toEqual([['', 'It is 5.', 'It was 5.']]);
      sent.expectFixture(`openai-python-${way}`);
    },
    LONGEST_MS,
  );

  it(
    'answers what a run waits for, as a call of a function',
    async () => {
      bench.upstream.next(scriptStream('A draft.')).next(scriptStream('It goes out.'));
      const call = ['approve', { draft: 'A draft.' }];
      expect(await client.ask('answered')).toEqual([['A draft.', ...call, 'It goes out.', 'completed']]);
    },
    LONGEST_MS,
  );

  it(
    'retrieves a stored response, lists what it was asked, and deletes it',
    async () => {
      bench.upstream.next(scriptStream('Hello there.'));
      expect(await client.ask('kept')).toEqual([{ text: 'Hello there.', asked: ['Hello'], deleted: true }]);
    },
    LONGEST_MS,
  );
});
