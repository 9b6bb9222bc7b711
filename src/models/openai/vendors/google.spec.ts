import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsString } from 'class-validator';
import { makeCall, ProviderBench } from '../../../../test/support/provider-bench.js';
import { tokens } from '../../../../test/support/upstream/scripts.js';
import { chunk, done, httpError, type Step } from '../../../../test/support/upstream/steps.js';
import type { Message } from '../../message.js';

class Reply {
  @IsString()
  reply: string;
}

const piece = (fields: object, counted: number, finishReason?: string): Step =>
  chunk({
    choices: [
      { index: 0, delta: { role: 'assistant', ...fields }, ...(finishReason && { finish_reason: finishReason }) },
    ],
    model: 'gemini-x',
    object: 'chat.completion.chunk',
    usage: tokens(4, counted),
  });
const THOUGHT = { extra_content: { google: { thought: true } } };
const call = (id: string, name: string): object => ({ id, type: 'function', function: { name, arguments: '{}' } });

describe('google', () => {
  let bench: ProviderBench;

  beforeEach(async () => {
    bench = await ProviderBench.start('google', '/v1beta/openai/chat/completions', (origin) => ({
      GOOGLE_BASE_URL: `${origin}/v1beta/openai`,
      GEMINI_API_KEY: 'AIza-1',
    }));
  });
  afterEach(() => bench.close());

  it('reads thoughts as reasoning, and counts the running usage once', async () => {
    bench.upstream.next([
      piece({ content: '<thought>**Sum**\n\nStep < one.', ...THOUGHT }, 3),
      piece({ content: ' More.</th', ...THOUGHT }, 5),
      piece({ content: 'ought>The answer ' }, 7),
      piece({ content: 'is <thought>4.' }, 8, 'stop'),
      done(),
    ]);
    const recorded = bench.call({ extra_body: { google: { thinking_config: { include_thoughts: true } } } });
    expect(await recorded.toEnd()).toEqual({ finishReason: 'stop' });
    expect(bench.request.headers.authorization).toBe('Bearer AIza-1');
    expect(recorded.text('reasoning')).toBe('**Sum**\n\nStep < one. More.');
    expect(recorded.text()).toBe('The answer is <thought>4.');
    expect(recorded.usages.at(-1)).toEqual(tokens(4, 8));
  });

  it('reads tool calls that have no index', async () => {
    bench.upstream.next([
      piece({ tool_calls: [call('a', 'f')] }, 1),
      piece({ tool_calls: [call('b', 'g')] }, 2, 'tool_calls'),
      done(),
    ]);
    const recorded = bench.call();
    expect(await recorded.toEnd()).toEqual({ finishReason: 'tool_calls' });
    expect(recorded.deltas).toEqual([
      { type: 'tool-call', index: 0, id: 'a', name: 'f', arguments: '{}' },
      { type: 'tool-call', index: 1, id: 'b', name: 'g', arguments: '{}' },
    ]);
  });

  it('sends system instead of developer, and a placeholder for lost signatures', async () => {
    bench.upstream.next([piece({ content: 'a' }, 1, 'stop'), done()]);
    const signature = { extra_content: { google: { thought_signature: 'real' } } };
    const assistant = (...calls: object[]): Message => ({ role: 'assistant', tool_calls: calls }) as Message;
    const messages: Message[] = [
      { role: 'developer', content: 'Be kind' },
      { role: 'user', content: 'Hi' },
      assistant(call('a', 'f'), call('b', 'g')),
      { role: 'tool', tool_call_id: 'a', content: '1' },
      assistant({ ...call('c', 'h'), ...signature }),
      { role: 'assistant', content: 'plain' },
    ];
    await bench.call({}, messages).toEnd();
    const standIn = { extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } } };
    expect(bench.request.body.messages).toEqual([
      { role: 'system', content: 'Be kind' },
      messages[1],
      { role: 'assistant', tool_calls: [{ ...call('a', 'f'), ...standIn }, call('b', 'g')] },
      ...messages.slice(3),
    ]);
  });

  it('sends a schema as it is', async () => {
    bench.upstream.next([piece({ content: '{"reply":"Hi"}' }, 1, 'stop'), done()]);
    await bench.call(makeCall(Reply)).toEnd();
    expect(bench.request.body).toMatchObject(makeCall(Reply));
  });

  it('reads errors that come in a list', async () => {
    const error = { code: 400, message: 'Unknown name "seed": Cannot find field.', status: 'INVALID_ARGUMENT' };
    bench.upstream.next(httpError(400, JSON.stringify([{ error }]), { 'content-type': 'application/json' }));
    expect(await bench.call().toFailure()).toMatchObject({ status: 400, message: error.message });
  });
});

describe('google_vertex_ai', () => {
  it.each([
    ['is not there', undefined, 'the file of GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE cannot be read (ENOENT)'],
    ['is empty', ' \n', 'the file of GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE holds no token'],
    ['holds two lines', 'ya29.a\nya29.b', 'the file of GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE holds no token'],
  ])('tells the operator that its token file %s', async (what, content, diagnostic) => {
    const file = join(tmpdir(), `millrace-token-${process.pid}-${what.replaceAll(' ', '-')}`);
    const bench = await ProviderBench.start('google_vertex_ai', '/never', (origin) => ({
      GOOGLE_VERTEX_AI_BASE_URL: origin,
      GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE: file,
    }));
    try {
      if (content !== undefined) await writeFile(file, content);
      expect(await bench.call().toFailure()).toMatchObject({
        status: 502,
        code: 'upstream_authentication',
        diagnostic,
      });
    } finally {
      await bench.close();
      await rm(file, { force: true });
    }
  });

  it('reads its token anew for each request', async () => {
    const file = join(tmpdir(), `millrace-token-${process.pid}`);
    const path = '/v1/projects/p/locations/global/endpoints/openapi/chat/completions';
    const bench = await ProviderBench.start('google_vertex_ai', path, (origin) => ({
      GOOGLE_VERTEX_AI_BASE_URL: `${origin}/v1/projects/p/locations/global/endpoints/openapi`,
      GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE: file,
    }));
    bench.upstream.always([piece({ content: '<thought>Hm</thought>\nHello' }, 1, 'stop'), done()]);
    try {
      for (const token of ['ya29.first', 'ya29.second']) {
        await writeFile(file, `${token}\n`);
        const recorded = bench.call();
        await recorded.toEnd();
        expect(bench.request.headers.authorization).toBe(`Bearer ${token}`);
        expect([recorded.text('reasoning'), recorded.text()]).toEqual(['Hm', 'Hello']);
      }
    } finally {
      await bench.close();
      await rm(file);
    }
  });
});
