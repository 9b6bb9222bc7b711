import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Bench } from '../support/app.js';
import { assertCompletion, assertErrorEnded } from '../support/chunks.js';
import { postJson } from '../support/http-client.js';
import { CHAT } from '../support/messages.js';
import { openStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { done, finish, role, toolCall } from '../support/upstream/steps.js';
import { assertValidError } from '../support/wire-schema.js';

describe("a vendor's finish_reason", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.close());

  it.each([
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['STOP', 'stop'],
    ['COMPLETE', 'stop'],
    ['max_tokens', 'length'],
    ['MAX_TOKENS', 'length'],
    ['model_length', 'length'],
    ['max_output_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['SAFETY', 'content_filter'],
    ['PROHIBITED_CONTENT', 'content_filter'],
    ['sensitive', 'content_filter'],
    ['guardrail_intervened', 'content_filter'],
    ['tool_calls', 'stop'],
    ['tool_use', 'stop'],
    [1, 'stop'],
    [2, 'length'],
    [3, 'content_filter'],
    [77, 'stop'],
  ])('%s is %s for the client', async (given, finish) => {
    bench.upstream.next(scriptStream('Hi', { finish: given }));
    assertCompletion(await (await openStream(bench.app.chatUrl, { ...CHAT, stream: true })).collect(), { finish });
  });

  it.each(['tool_calls', 'tool_use', 'function_call', 'TOOL_CALL', 'stop'])(
    '%s is tool_calls for the client if the completion has calls',
    async (given) => {
      const call = toolCall({ index: 0, id: 'a', name: 'look', arguments: '{"at":1}' });
      bench.upstream.next([role(null), call, finish(given), done()]);
      const tools = [{ type: 'function', function: { name: 'look' } }];
      const stream = await openStream(bench.app.chatUrl, { ...CHAT, tools, stream: true });
      assertCompletion(await stream.collect(), { finish: 'tool_calls' });
    },
  );

  it.each(['abort', 'network_error', 'insufficient_system_resource', 'MALFORMED_FUNCTION_CALL'])(
    '%s, which says that the completion is not whole, is a failure',
    async (given) => {
      bench.upstream.next(scriptStream('Half an', { finish: given })).next(scriptStream('Half an', { finish: given }));
      assertErrorEnded(await (await openStream(bench.app.chatUrl, { ...CHAT, stream: true })).collect());
      const { status, json } = await postJson(bench.app.chatUrl, CHAT);
      assertValidError(json);
      expect(status).toBe(502);
    },
  );

  it('that nobody knows is stop, and is logged once', async () => {
    const lines: string[] = [];
    Logger.overrideLogger({ log() {}, error() {}, warn: (line: string) => lines.push(line) });
    try {
      for (const word of ['SPECIAL\u0007', 'SPECIAL\u0007', 'odd']) {
        bench.upstream.next(scriptStream('Hi', { finish: word }));
        expect((await postJson(bench.app.chatUrl, CHAT)).json).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
      }
      const told = lines.filter((line) => line.includes('finish_reason'));
      expect(told).toHaveLength(2);
      expect(told[0]).toContain('"SPECIAL?"');
      expect(told[0]).toContain(new URL(bench.upstream.url).host);
    } finally {
      Logger.overrideLogger(false);
    }
  });
});
