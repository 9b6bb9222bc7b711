import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Bench } from '../support/app.js';
import { describePython, PythonClient } from '../support/python-client.js';
import { scriptCompletion, scriptStream, tokens } from '../support/upstream/scripts.js';
import { chunk, errorBody, httpError, role, stall, text } from '../support/upstream/steps.js';

/** Python may take seconds for its imports on a busy machine. */
const LONGEST_MS = 20_000;
const NOTHING = { content: '', reasoning: '', finish: null, tokens: null, error: null };

describePython('the openai package for Python as a client', () => {
  let bench: Bench;
  let client: PythonClient;
  beforeEach(async () => {
    client = await PythonClient.start('openai_client.py');
    ({ bench } = client);
  });
  afterEach(() => client.close());

  it(
    'streams text, reasoning and usage, from a log too',
    async () => {
      bench.upstream
        .next(scriptStream('Hello 🙂', { usage: tokens(3, 4) }))
        .next(scriptCompletion({ thinking: 'Let me think.', reply: 'Hello 🙂' }, { usage: tokens(3, 4) }));
      bench.upstream.next(scriptStream('Hello 🙂', { usage: tokens(3, 4) }));
      const whole = { ...NOTHING, content: 'Hello 🙂', finish: 'stop', tokens: 7 };
      const all = [whole, { ...whole, reasoning: 'Let me think.' }, whole];
      expect(await client.ask('chat', 'reasoning', 'chat:logged')).toEqual(all);
    },
    LONGEST_MS,
  );

  it(
    'answers what a run waits for, as a call of a tool',
    async () => {
      bench.upstream.next(scriptStream('A draft.')).next(scriptStream('It goes out.'));
      expect(await client.ask('approval:answer')).toEqual([
        { asked: ['A draft.', 'tool_calls', 'approve', { draft: 'A draft.' }], closed: ['It goes out.', 'stop'] },
      ]);
    },
    LONGEST_MS,
  );

  it(
    'gets typed errors before the stream and in it',
    async () => {
      bench.upstream.next(httpError(429, errorBody('slow'))).next([role(), text('So far'), chunk(errorBody('boom'))]);
      bench.upstream.next([role(), text('So far'), chunk(errorBody('boom'))]).next(httpError(400, errorBody('no')));
      const node = 'TextStreamingNode';
      expect(await client.ask('nope', 'chat', 'chat', 'streaming', 'streaming')).toEqual([
        { ...NOTHING, error: { class: 'NotFoundError', status: 404, code: 'model_not_found' } },
        { ...NOTHING, error: { class: 'RateLimitError', status: 429, code: 'rate_limit_exceeded' } },
        { ...NOTHING, content: 'So far', error: { class: 'APIError', status: null, code: 'upstream_error' } },
        { ...NOTHING, content: 'So far', error: { class: 'APIError', status: null, code: 'upstream_error', node } },
        { ...NOTHING, error: { class: 'BadRequestError', status: 400, code: null, node } },
      ]);
    },
    LONGEST_MS,
  );

  it(
    'stops the upstream by leaving the loop',
    async () => {
      bench.upstream.next([role(), text('One'), stall()]);
      expect(await client.ask('chat:leave')).toEqual([{ ...NOTHING, content: 'One' }]);
      expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
    },
    LONGEST_MS,
  );
});
