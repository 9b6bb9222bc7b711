import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { makeCall, ProviderBench } from '../../../../test/support/provider-bench.js';
import { scriptStream, tokens, scriptToolCalls } from '../../../../test/support/upstream/scripts.js';
import { done, finish, httpError, role, text } from '../../../../test/support/upstream/steps.js';
import { makeOutputSchema } from '../../../schema/index.js';

class Reply {
  @IsString()
  reply: string;
}

const PATH = '/openai/v1/chat/completions';
const environment = (origin: string): Record<string, string> => ({
  BEDROCK_BASE_URL: `${origin}/openai/v1`,
  AWS_BEARER_TOKEN_BEDROCK: 'ABSK-1',
});

describe('bedrock', () => {
  let bench: ProviderBench;

  beforeEach(async () => {
    bench = await ProviderBench.start('bedrock', PATH, environment);
  });
  afterEach(() => bench.close());

  it.each([
    ['once around all of it', ['<reasoning>I think', ' so</reasoning>\n\nHello', ' you']],
    ['around each piece', ['<reasoning>I think</reasoning>', '<reasoning> so</reasoning>', '\n\nHello', ' you']],
    ['in pieces of their own', ['<', 'reasoning', '>I think so<', '/reasoning>', '\n', '\nHello you']],
  ])('reads reasoning from tags: %s', async (_, pieces) => {
    bench.upstream.next(scriptStream(pieces, { usage: tokens(70, 9) }));
    const recorded = bench.call();
    expect(await recorded.toEnd()).toEqual({ finishReason: 'stop' });
    expect(bench.request.headers.authorization).toBe('Bearer ABSK-1');
    expect([recorded.text('reasoning'), recorded.text()]).toEqual(['I think so', 'Hello you']);
    expect(recorded.usages.at(-1)).toEqual(tokens(70, 9));
  });

  it.each([
    ['<b>bold</b>', '', '<b>bold</b>'],
    ['<', '', '<'],
    ['  Hello <reasoning>x</reasoning>', '', '  Hello <reasoning>x</reasoning>'],
    ['<reasoning>never closed </rea', 'never closed </rea', ''],
  ])('loses nothing of %j', async (words, reasoning, content) => {
    bench.upstream.next(scriptStream(words, { pieces: words.length }));
    const recorded = bench.call();
    await recorded.toEnd();
    expect([recorded.text('reasoning'), recorded.text()]).toEqual([reasoning, content]);
  });

  it('asks for a schema in words, and extracts the JSON from the text', async () => {
    const json = '{"reply":"a } \\" { \\\\"}';
    bench.upstream.next([
      role(),
      text('<reasoning>JSON, then: {"reply":"no"}</reasoning>Here it is:\n```json\n'),
      text(json.slice(0, 14)),
      text(`${json.slice(14)}\n\`\`\`\nBye {}`),
      finish('stop'),
      done(),
    ]);
    const recorded = bench.call(makeCall(Reply));
    await recorded.toEnd();
    expect(bench.request.body).not.toHaveProperty('response_format');
    expect(bench.request.body.messages[0]).toMatchObject({
      role: 'system',
      content: expect.stringContaining(JSON.stringify(makeOutputSchema(Reply).schema)),
    });
    expect(recorded.deltas.map(({ type }) => type)).toEqual(['reasoning', 'content', 'content']);
    expect(await makeOutputSchema(Reply).parse(recorded.text())).toEqual({ reply: 'a } " { \\' });
  });

  it('passes on an output without JSON, so that validation fails', async () => {
    bench.upstream.next(scriptStream('I would rather not.'));
    const recorded = bench.call(makeCall(Reply));
    await recorded.toEnd();
    expect(recorded.text()).toBe('I would rather not.');
    await expect(makeOutputSchema(Reply).parse(recorded.text())).rejects.toThrow(/not valid JSON/);
  });

  it('can be configured for a model that calls tools or takes schemas', async () => {
    for (const [method, script] of [
      ['tool', scriptToolCalls('a', 'Reply', { reply: 'Hi' })],
      ['json_schema', scriptStream('{"reply":"Hi"}')],
    ] as const) {
      const other = await ProviderBench.start('bedrock', PATH, (origin) => ({
        ...environment(origin),
        BEDROCK_STRUCTURED_OUTPUT: method,
      }));
      other.upstream.next(script);
      await bench.close();
      bench = other;
      const recorded = other.call(makeCall(Reply));
      await recorded.toEnd();
      expect(Object.hasOwn(other.request.body, 'tools')).toBe(method === 'tool');
      expect(await makeOutputSchema(Reply).parse(recorded.text())).toEqual({ reply: 'Hi' });
    }
  });

  it('reads errors that are not wrapped', async () => {
    bench.upstream.next(httpError(400, { message: 'The provided model identifier is invalid.' }));
    expect(await bench.call().toFailure()).toMatchObject({
      status: 400,
      message: 'The provided model identifier is invalid.',
    });
  });
});
