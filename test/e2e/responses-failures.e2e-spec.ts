import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toUSVString } from 'node:util';
import { RunService } from '../../src/runs/index.js';
import { Bench } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { readOutputText } from '../support/response-rules.js';
import {
  createResponse,
  failResponse,
  openResponse,
  readResponseStream,
  streamResponse,
  hasWord,
} from '../support/responses-client.js';
import { errorBody, httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';

describe('a response that fails', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    bench = await Bench.start({ env });
  };

  it('before the first token: in the stream, by a code that lets clients try again; else by its status', async () => {
    await start();
    bench.upstream.next(httpError(500, 'down'));
    const told = await streamResponse(bench.app);
    expect(told.error).toMatchObject({ code: 'server_error', error: { type: 'server_error', code: 'server_error' } });
    expect(told.response).toMatchObject({ status: 'failed', error: { code: 'server_error' }, output: [] });
    bench.upstream.next(httpError(500, 'down'));
    expect(await failResponse(bench.app)).toMatchObject({ status: 502, type: 'server_error' });
  });

  it('because the upstream is full: by the code and the status that say so', async () => {
    await start();
    const full = (): unknown =>
      bench.upstream.next(httpError(429, errorBody('slow down', { type: 'rate_limit_error' })));
    full();
    expect((await streamResponse(bench.app)).error).toMatchObject({ code: 'rate_limit_exceeded' });
    full();
    expect(await failResponse(bench.app)).toMatchObject({ status: 429 });
  });

  it('because the upstream refuses the request: under the name that the parameter has here', async () => {
    await start();
    const body = {
      error: {
        message: "This model's maximum context length is 8192 tokens.",
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    };
    bench.upstream.next(httpError(400, body));
    expect((await streamResponse(bench.app)).error).toMatchObject({ code: 'invalid_prompt', param: 'input' });
    bench.upstream.next(httpError(400, body));
    expect(await failResponse(bench.app)).toMatchObject({
      status: 400,
      param: 'input',
      code: 'context_length_exceeded',
    });
  });

  it('in the middle of its text: after all that was said, by a code that stops clients from paying again', async () => {
    await start();
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.reset()]);
    const told = await streamResponse(bench.app);
    expect(told.error).toMatchObject({ code: 'invalid_prompt' });
    expect(told.response.output).toMatchObject([{ status: 'incomplete', content: [{ text: 'Once upon' }] }]);
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.reset()]);
    expect(await failResponse(bench.app)).toMatchObject({ status: 502 });
  });

  it('in its second step: what the first one said stays whole', async () => {
    await start();
    bench.upstream.next(scriptStream('One.', { usage: tokens(3, 4) })).next(httpError(500, 'down'));
    const told = await streamResponse(bench.app, { model: 'streaming' });
    expect(told.response).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_prompt' },
      output: [{ status: 'completed' }],
      usage: { total_tokens: 7 },
    });
  });

  it('at its deadline', async () => {
    await start({ RUN_TIMEOUT_MS: '300' });
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.stall()]);
    const told = await streamResponse(bench.app);
    expect(told.response).toMatchObject({ status: 'failed', error: { code: 'invalid_prompt' } });
    bench.upstream.next([steps.role(), steps.stall()]);
    expect(await failResponse(bench.app)).toMatchObject({ status: 504, code: 'run_timeout' });
  });

  it('at a shutdown: so that clients try again', async () => {
    await start();
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.stall()]);
    const stream = await openResponse(bench.app);
    await stream.until(hasWord('Once'));
    await bench.app.get(RunService).drain(10);
    expect(readResponseStream(await stream.collect()).response).toMatchObject({
      status: 'failed',
      error: { code: 'server_error' },
    });
  });

  it('because it was cancelled: as an incomplete one', async () => {
    await start();
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.stall()]);
    const stream = await openResponse(bench.app);
    await stream.until(hasWord('Once'));
    const [first] = stream.items;
    const { response } = (first as { json: { response: { id: string } } }).json;
    expect(bench.app.get(RunService).cancel(response.id)).toBe(true);
    const told = readResponseStream(await stream.collect());
    expect(told.events.at(-1)?.type).toBe('response.incomplete');
    expect(told.response).toMatchObject({ status: 'cancelled', error: null, incomplete_details: null });
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
  });

  it('because its client has gone: nothing more of the upstream is read', async () => {
    await start();
    for (const leavesEarly of [true, false]) {
      bench.upstream.next(leavesEarly ? [steps.gate()] : [steps.role(), steps.text('Once upon'), steps.stall()]);
      const stream = await openResponse(bench.app);
      await stream.until(hasWord(leavesEarly ? 'in_progress' : 'Once'));
      const request = await bench.upstream.request(leavesEarly ? 0 : 1);
      stream.destroy();
      expect(await request.closed).toBe('aborted');
      await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
    }
  });

  it.each([
    ['no finish reason', [steps.role(), steps.text('Hi')]],
    ['bytes that are no JSON', [steps.role(), steps.text('Hi'), steps.raw('data: {"a\n\n')]],
    ['an error of its own', [steps.role(), steps.text('Hi'), steps.raw('data: {"error":{"message":"boom"}}\n\n')]],
    ['a finish reason without an end', [steps.role(), steps.text('Hi'), steps.finish('stop'), steps.reset()]],
  ])('has one ending, whatever the upstream does: %s', async (_title, script) => {
    await start();
    bench.upstream.next(script);
    // streamResponse checks that there is exactly one ending.
    expect((await streamResponse(bench.app)).text).toBe('Hi');
  });

  it('has one ending, and all of the text before, wherever the bytes of the upstream are cut', async () => {
    await start();
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }),
      fc.constantFrom('\ud83d\ude00', '\ud83d', '\ude00', '\u2028', 'data: [DONE]\n\n', 'é'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(4),
        async (pieces, bytes, ending) => {
          const script = scriptStream(pieces);
          const begin = [
            steps.cutEvery(bytes),
            ...(ending === 1 ? [steps.style({ lineEnd: '\r\n', dataSpace: false })] : []),
          ];
          const broken = ending >= 3;
          bench.upstream.next([...begin, ...(broken ? [...script.slice(0, -ending), steps.reset()] : script)]);
          const told = await streamResponse(bench.app);
          const whole = toUSVString(pieces.join(''));
          expect(broken ? whole.startsWith(told.text.replace(/\ufffd$/, '')) : told.text === whole).toBe(true);
          expect(told.response.status).toBe(told.error === undefined ? 'completed' : 'failed');
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does not affect the next one', async () => {
    await start();
    bench.upstream.next(httpError(500, 'down')).next(scriptStream('Fine.'));
    await failResponse(bench.app);
    expect(readOutputText(await createResponse(bench.app))).toBe('Fine.');
  });
});
