import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RunService } from '../../src/runs/index.js';
import { Bench } from '../support/app.js';
import { assertCompletion, assertErrorEnded } from '../support/chunks.js';
import { eventually } from '../support/eventually.js';
import { HELLO } from '../support/messages.js';
import { openStream } from '../support/sse-client.js';
import type { Script } from '../support/upstream/scripts.js';
import { cutEvery, end, raw } from '../support/upstream/steps.js';
import { assertValidCompletion, assertValidError } from '../support/wire-schema.js';

const TEXT = 'Grüße 😀, "quoted" \\ and\nmore';

/** The bytes of a whole stream: text in several escapes, a comment, reasoning, usage. */
function writeCompletion(newline: string): Buffer {
  const chunk = (fields: object): string =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...fields }] })}${newline}${newline}`;
  const ascii = (text: string): string =>
    text.replace(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return Buffer.from(
    [
      `: welcome${newline}${newline}`,
      chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null }),
      chunk({ delta: { reasoning_content: 'Hm.' }, finish_reason: null }),
      chunk({ delta: { content: TEXT.slice(0, 7) }, finish_reason: null }),
      ascii(chunk({ delta: { content: TEXT.slice(7) }, finish_reason: null })),
      chunk({ delta: {}, finish_reason: 'stop' }),
      `data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}${newline}${newline}`,
      `data: [DONE]${newline}${newline}`,
    ].join(''),
  );
}

describe("the upstream's bytes, however they were cut or mutated", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({ env: { UPSTREAM_IDLE_TIMEOUT_MS: '1000', UPSTREAM_FIRST_TOKEN_TIMEOUT_MS: '1000' } });
  });
  afterAll(() => bench.close());

  /** Checks that there is exactly one ending: an error response, a completion, or an error frame. */
  const expectOneEnding = async (script: Script): Promise<void> => {
    bench.upstream.next(script);
    const body = { model: 'chat', stream: true, messages: HELLO };
    const items = await openStream(bench.app.chatUrl, body)
      .then((stream) => stream.collect({ within: 5_000 }))
      .catch((error: Error) => {
        // The client throws if the response is not a stream, and quotes its status, type and body.
        const found = /got (\d+) [^:]*json[^:]*: (.*)$/s.exec(error.message);
        if (found === null) throw error;
        expect(['400', '429', '502', '504']).toContain(found[1]);
        assertValidError(JSON.parse(found[2] ?? ''));
        return [];
      });
    if (items.length === 0) return;
    if (items.some((item) => item.kind === 'data' && item.data.startsWith('{"error"'))) assertErrorEnded(items);
    else assertCompletion(items);
  };

  it('cut at every position: the same completion', async () => {
    for (const newline of ['\n', '\r\n', '\r']) {
      const bytes = writeCompletion(newline);
      for (let at = 1; at < bytes.length; at += 7) {
        bench.upstream.next([raw(bytes.subarray(0, at)), raw(bytes.subarray(at)), end()]);
        const stream = await bench.open();
        assertCompletion(await stream.collect(), { content: TEXT, reasoning: 'Hm.', finish: 'stop' });
      }
    }
  }, 120_000);

  it('byte by byte: the same completion', async () => {
    bench.upstream.next([cutEvery(1), raw(writeCompletion('\r\n')), end()]);
    const stream = await bench.open();
    assertCompletion(await stream.collect(), { content: TEXT, reasoning: 'Hm.' });
  }, 30_000);

  it('ended at every position: an honest error, or the whole completion', async () => {
    const bytes = writeCompletion('\n');
    for (let at = 0; at < bytes.length; at += 11) await expectOneEnding([raw(bytes.subarray(0, at)), end()]);
  }, 120_000);

  it('mutated: one ending, and a server that still does its work', async () => {
    const bytes = writeCompletion('\n');
    const edit = fc.record({
      at: fc.nat(bytes.length - 1),
      remove: fc.nat(40),
      insert: fc.uint8Array({ maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let mutated = bytes;
        for (const { at, remove, insert } of edits) {
          mutated = Buffer.concat([mutated.subarray(0, at), insert, mutated.subarray(at + remove)]);
        }
        await expectOneEnding([raw(mutated), end()]);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it('any JSON in the place of a chunk: one ending', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({
        choices: fc.array(
          fc.record(
            { delta: fc.jsonValue(), finish_reason: fc.jsonValue(), logprobs: fc.jsonValue() },
            { requiredKeys: [] },
          ),
        ),
      }),
      fc.record({ usage: fc.jsonValue(), error: fc.jsonValue(), model: fc.jsonValue() }, { requiredKeys: [] }),
      fc.record({ choices: fc.constant([{ delta: { tool_calls: [null, { index: 'x' }, { function: null }] } }]) }),
    );
    const bytes = writeCompletion('\n');
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 3 }), fc.boolean(), async (values, streams) => {
        const events = values.map((json) => `data: ${JSON.stringify(json)}\n\n`).join('');
        const script = [raw(events), raw(bytes), end()];
        if (streams) {
          await expectOneEnding(script);
          return;
        }
        bench.upstream.next(script);
        const { status, json } = await bench.ask();
        if (status === 200) assertValidCompletion(json);
        else assertValidError(json);
      }),
      { numRuns: 300 },
    );
    await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of all runs' });
  }, 120_000);
});
