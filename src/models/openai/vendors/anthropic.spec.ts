import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { makeCall, ProviderBench } from '../../../../test/support/provider-bench.js';
import { tokens, scriptToolCalls } from '../../../../test/support/upstream/scripts.js';
import {
  delta,
  done,
  finish,
  httpError,
  role,
  text,
  toolCall,
  usage,
} from '../../../../test/support/upstream/steps.js';
import { makeOutputSchema } from '../../../schema/index.js';

class Reply {
  @IsString()
  thinking: string;

  @IsString()
  reply: string;
}

const TOOL = { type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } };
const VALUE = { thinking: 'Hm "so" {', reply: 'Grüße' };

describe('anthropic', () => {
  let bench: ProviderBench;

  beforeEach(async () => {
    bench = await ProviderBench.start('anthropic', '/v1/chat/completions', (origin) => ({
      ANTHROPIC_BASE_URL: `${origin}/v1/`,
      ANTHROPIC_API_KEY: 'sk-ant-1',
    }));
  });
  afterEach(() => bench.close());

  it('sends and reads text as OpenAI does', async () => {
    bench.upstream.next([
      delta({ role: 'assistant' }),
      text('Hello'),
      finish('stop'),
      usage(tokens(9, 1), { onlyIfAsked: true }),
      done(),
    ]);
    const call = bench.call({ max_completion_tokens: 100 });
    expect(await call.toEnd()).toEqual({ finishReason: 'stop' });
    expect(bench.request.headers.authorization).toBe('Bearer sk-ant-1');
    expect(bench.request.body).toMatchObject({ max_completion_tokens: 100, stream_options: { include_usage: true } });
    expect([call.text(), call.usages.at(-1)]).toEqual(['Hello', tokens(9, 1)]);
  });

  it('makes a schema a tool that must be called, and streams its arguments as content', async () => {
    bench.upstream.next(scriptToolCalls('toolu_1', 'Reply', VALUE));
    const call = bench.call({ temperature: 0, ...makeCall(Reply) });
    expect(await call.toEnd()).toEqual({ finishReason: 'stop' });
    const { name, schema } = makeOutputSchema(Reply);
    expect(bench.request.body).toMatchObject({
      temperature: 0,
      tools: [{ type: 'function', function: { name, parameters: schema, strict: true } }],
      tool_choice: { type: 'function', function: { name } },
      parallel_tool_calls: false,
    });
    expect(bench.request.body).not.toHaveProperty('response_format');
    expect(new Set(call.deltas.map(({ type }) => type))).toEqual(new Set(['content']));
    expect(call.deltas.length).toBeGreaterThan(5);
    expect(await makeOutputSchema(Reply).parse(call.text())).toEqual(VALUE);
  });

  it('drops text beside the tool, and a second call of it', async () => {
    bench.upstream.next([
      role(),
      text('Let me answer {this}.'),
      toolCall({ index: 0, id: 'a', name: 'Reply', arguments: JSON.stringify(VALUE) }),
      toolCall({ index: 1, id: 'b', name: 'Reply', arguments: '{"again":1}' }),
      finish('tool_calls'),
      done(),
    ]);
    const call = bench.call(makeCall(Reply));
    expect(await call.toEnd()).toEqual({ finishReason: 'stop' });
    expect(call.text()).toBe(JSON.stringify(VALUE));
  });

  it('takes JSON that the model writes instead of calling the tool', async () => {
    bench.upstream.next([
      role(),
      text('```json\n'),
      text(JSON.stringify(VALUE)),
      text('\n```'),
      finish('stop'),
      done(),
    ]);
    const call = bench.call(makeCall(Reply));
    await call.toEnd();
    expect(await makeOutputSchema(Reply).parse(call.text())).toEqual(VALUE);
  });

  it('lets the model choose between the tools of the call and the output', async () => {
    bench.upstream.next([
      role(),
      toolCall({ index: 0, id: 'a', name: 'Reply', arguments: '{}' }),
      toolCall({ index: 1, id: 'b', name: 'look_up', arguments: '{"q":' }),
      toolCall({ index: 1, arguments: '1}' }),
      finish('tool_calls'),
      done(),
    ]);
    const call = bench.call({ tools: [TOOL], ...makeCall(Reply) });
    expect(await call.toEnd()).toEqual({ finishReason: 'tool_calls' });
    expect(bench.request.body).toMatchObject({ tools: [TOOL, {}], tool_choice: 'required' });
    expect(bench.request.body).not.toHaveProperty('parallel_tool_calls');
    expect(call.deltas.filter(({ type }) => type === 'tool-call')).toEqual([
      { type: 'tool-call', index: 0, id: 'b', name: 'look_up', arguments: '{"q":' },
      { type: 'tool-call', index: 0, arguments: '1}' },
    ]);
  });

  it('offers no other tools if the choice is none, and names the output tool unlike any of them', async () => {
    bench.upstream.always(scriptToolCalls('a', 'Reply', VALUE));
    await bench.call({ tools: [TOOL], tool_choice: 'none', ...makeCall(Reply) }).toEnd();
    expect(bench.request.body.tools).toHaveLength(1);
    await bench.call({ tools: [{ function: { name: 'Reply' } }], ...makeCall(Reply) }).toEnd();
    expect(bench.request.body.tools).toMatchObject([{}, { function: { name: 'Reply_output' } }]);
  });

  it('asks for an object without a schema in words', async () => {
    bench.upstream.next([role(), text('Sure:\n{"a":{"b":"}"}} done'), finish('stop'), done()]);
    const system = { role: 'system', content: 'Be kind.' } as const;
    const call = bench.call({ response_format: { type: 'json_object' } }, [system, { role: 'user', content: 'Hi' }]);
    await call.toEnd();
    expect(bench.request.body.messages).toMatchObject([
      { role: 'system', content: expect.stringMatching(/^Be kind\.\n\nAnswer with exactly one JSON object/) },
      { role: 'user' },
    ]);
    expect(bench.request.body).not.toHaveProperty('response_format');
    expect(call.text()).toBe('{"a":{"b":"}"}}');
  });

  it('keeps length as length', async () => {
    bench.upstream.next([
      role(),
      toolCall({ index: 0, id: 'a', name: 'Reply', arguments: '{"thin' }),
      finish('length'),
      done(),
    ]);
    expect(await bench.call(makeCall(Reply)).toEnd()).toEqual({ finishReason: 'length' });
  });

  it('reads its errors', async () => {
    const error = { code: 'invalid_request_error', message: 'max_tokens: too large', type: 'invalid_request_error' };
    bench.upstream.next(httpError(400, { error }));
    expect(await bench.call().toFailure()).toMatchObject({ status: 400, message: 'max_tokens: too large' });
  });
});
