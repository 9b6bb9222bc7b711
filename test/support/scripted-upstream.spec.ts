import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { assertCompletion, readContent } from './checks.js';
import { openStream, postJson } from './client.js';
import { readPieces } from './read-pieces.js';
import {
  scriptCompletion,
  ScriptedUpstream,
  scriptStream,
  steps,
  type ScriptOptions,
  tokens,
} from './upstream/index.js';
import { assertValidCompletion } from './wire-schema.js';
import { MODEL_STREAM } from './messages.js';

const withUsage = { ...MODEL_STREAM, stream_options: { include_usage: true } };
const whole = { ...MODEL_STREAM, stream: false };

describe('ScriptedUpstream', () => {
  let upstream: ScriptedUpstream;
  let url: string;
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    url = `${upstream.url}/chat/completions`;
  });
  afterEach(() => upstream.close().catch(() => undefined));

  describe('scripts', () => {
    it('answers as a real client expects', async () => {
      upstream.always(scriptStream('Grüße aus Köln 🐈', { pieces: 5, usage: tokens(7, 5) }));
      const client = new OpenAI({ baseURL: upstream.url, apiKey: 'k' });
      const params = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
      const final = await client.chat.completions
        .stream({ ...params, stream_options: { include_usage: true } })
        .finalChatCompletion();
      expect(final.choices[0]).toMatchObject({ message: { content: 'Grüße aus Köln 🐈' }, finish_reason: 'stop' });
      expect(final.usage).toEqual(tokens(7, 5));
      const completion = await client.chat.completions.create(params);
      expect(completion.choices[0]?.message.content).toBe('Grüße aus Köln 🐈');
      expect(upstream.requests[1]).toMatchObject({
        index: 1,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { authorization: 'Bearer k' },
        body: { model: 'm', messages: params.messages },
      });
    });

    it('streams what obeys every rule of a completion', async () => {
      upstream.always(scriptStream('one two three'));
      assertCompletion(await (await openStream(url, MODEL_STREAM)).collect(), {
        content: 'one two three',
        finish: 'stop',
      });
      const chunks = assertCompletion(await (await openStream(url, withUsage)).collect(), {
        includeUsage: true,
        usage: tokens(10, 3),
      });
      expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual([
        '',
        'one',
        ' two',
        ' three',
        undefined,
        undefined,
      ]);
    });

    it('sends every kind of delta', async () => {
      upstream.always([
        steps.role(null),
        steps.reasoning('a'),
        steps.reasoning('b', 'reasoning'),
        steps.text('c', { logprobs: { content: [], refusal: null } }),
        steps.refusal('d'),
        steps.toolCall({ index: 0, id: 'call_1', name: 'f', arguments: '' }),
        steps.toolCall({ index: 0, arguments: '{}' }),
        steps.finish('tool_calls'),
        steps.chunk({ any: 'thing' }),
        steps.done(),
        steps.comment('x'),
        steps.end(),
      ]);
      const frames = (await readPieces(url, MODEL_STREAM)).map((frame) => frame.trim());
      const choices = frames.slice(0, 8).map((frame) => JSON.parse(frame.slice(6)).choices[0]);
      expect(choices.map(({ delta }) => delta)).toEqual([
        { role: 'assistant', content: null, refusal: null },
        { reasoning_content: 'a' },
        { reasoning: 'b' },
        { content: 'c' },
        { refusal: 'd' },
        { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
        {},
      ]);
      expect(choices.map((choice) => choice.finish_reason)).toEqual([...Array<null>(7).fill(null), 'tool_calls']);
      expect(choices[3].logprobs).toEqual({ content: [], refusal: null });
      expect(frames.slice(8)).toEqual(['data: {"any":"thing"}', 'data: [DONE]', ': x']);
    });

    it('answers a request without stream with the same script as one completion', async () => {
      upstream.next([
        steps.role(),
        steps.reasoning('why', 'reasoning'),
        steps.text('Hel'),
        steps.text('lo'),
        steps.toolCall({ index: 0, id: 'call_1', name: 'f', arguments: '{"a"' }),
        steps.toolCall({ index: 0, arguments: ':1}' }),
        steps.finish('tool_calls'),
        steps.usage(tokens(1, 2)),
        steps.done(),
      ]);
      const { json, headers } = await postJson(url, whole);
      assertValidCompletion(json);
      expect(headers['content-type']).toBe('application/json');
      expect(json.choices[0]).toMatchObject({
        message: {
          content: 'Hello',
          reasoning: 'why',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        },
        finish_reason: 'tool_calls',
      });
      expect(json.usage).toEqual(tokens(1, 2));
    });

    it('streams structured outputs in small pieces', async () => {
      const value = { reply: 'Ja, "gut" 👍', items: [1, 2] };
      upstream.next(scriptCompletion(value));
      const items = await (await openStream(url, MODEL_STREAM)).collect();
      expect(JSON.parse(readContent(items))).toEqual(value);
      expect(items.length).toBeGreaterThan(8);
    });

    it.each<[NonNullable<ScriptOptions['usagePlace']>, unknown[], unknown[]]>([
      ['extra-chunk', ['-', '-', '-', '-'], [null, null, null, null, tokens(10, 2)]],
      ['finish-chunk', ['-', '-', '-', tokens(10, 2)], [null, null, null, tokens(10, 2)]],
      [
        'every-chunk',
        ['-', tokens(10, 1), tokens(10, 2), tokens(10, 2), tokens(10, 2)],
        [null, tokens(10, 1), tokens(10, 2), tokens(10, 2), tokens(10, 2)],
      ],
      ['never', ['-', '-', '-', '-'], [null, null, null, null]],
    ])('tells usage as servers do: %s', async (usagePlace, unasked, asked) => {
      upstream.always(scriptStream(['a', 'b'], { usagePlace }));
      const usages = async (request: unknown): Promise<unknown[]> => {
        const frames = await readPieces(url, request);
        const chunks = frames.filter((frame) => !frame.includes('[DONE]')).map((frame) => JSON.parse(frame.slice(6)));
        return chunks.map((json) => ('usage' in json ? json.usage : '-'));
      };
      expect(await usages(MODEL_STREAM)).toEqual(unasked);
      expect(await usages(withUsage)).toEqual(asked);
    });

    it('can leave out [DONE], the finish reason, and keys that hold null', async () => {
      upstream
        .next(scriptStream('a', { done: false }))
        .next(scriptStream('a', { finish: null }))
        .next([steps.style({ nullKeys: false }), steps.text('a')]);
      expect((await readPieces(url, MODEL_STREAM)).join('')).not.toContain('[DONE]');
      expect((await readPieces(url, MODEL_STREAM)).join('')).not.toMatch(/"finish_reason":"/);
      expect((await readPieces(url, withUsage)).join('')).not.toContain('null');
    });
  });

  describe('faults', () => {
    it.each([
      ['unscripted requests', 500, MODEL_STREAM, 'Request 0 (model "m") came unscripted'],
      ['bodies that are no JSON', 400, '{', 'is not a POST of a chat completion request'],
      ['bodies without messages', 400, { model: 'm' }, 'is not a POST of a chat completion request'],
    ])('are %s', async (_, status, request, fault) => {
      const response = await postJson(url, request);
      expect(response).toMatchObject({ status, headers: { 'x-should-retry': 'false' } });
      expect(response.text).toContain(fault.replaceAll('"', '\\"'));
      expect(() => upstream.assertClean()).toThrow(fault);
      await expect(upstream.close()).rejects.toThrow(fault);
    });

    it('are scripts that were never asked for', async () => {
      upstream.next(scriptStream('a')).next(scriptStream('b'));
      await postJson(url, MODEL_STREAM);
      await expect(upstream.close()).rejects.toThrow('1 queued script(s) were never asked for');
    });

    it('are scripts that fail', async () => {
      upstream
        .next([steps.text('a'), steps.wait(Promise.reject(new Error('on purpose')))])
        .next([steps.raw('x')])
        .always(() => {
          throw new Error('also on purpose');
        });
      await expect(postJson(url, MODEL_STREAM)).rejects.toThrow('aborted');
      await expect(postJson(url, whole)).rejects.toThrow('socket hang up');
      await expect(postJson(url, MODEL_STREAM)).rejects.toThrow('socket hang up');
      expect(upstream.faults).toEqual([
        expect.stringContaining('Error: on purpose'),
        expect.stringContaining('A "raw" step has no meaning for a request without "stream": true'),
        expect.stringContaining('Error: also on purpose'),
      ]);
    });

    it('are steps that cannot be played, at once', () => {
      expect(() => upstream.next([steps.stall(), steps.text('a')])).toThrow('Nothing can follow the step "stall"');
    });

    it('are not requests in flight when it closes', async () => {
      upstream.always([steps.text('a'), steps.stall()]);
      const stream = await openStream(url, MODEL_STREAM);
      await upstream.close();
      await expect(stream.collect()).rejects.toThrow('aborted');
      expect(upstream.requests[0]?.ending).toBe('cut');
    });

    it('are requests that do not come in time', async () => {
      await expect(upstream.request(0, 5)).rejects.toThrow('Timed out after 5 ms while waiting for upstream request 0');
    });
  });
});
