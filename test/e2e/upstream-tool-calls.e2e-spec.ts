import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { agent, AgentTool, type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { assertCompletion, readChunks, readToolCalls } from '../support/chunks.js';
import { CompletionBench } from '../support/completion-bench.js';
import { openStream } from '../support/sse-client.js';
import { type Script, scriptStream } from '../support/upstream/scripts.js';
import { delta, done, finish, reasoning, role, style, text } from '../support/upstream/steps.js';
import { makeAgentModule, makeWorkflowsModule } from '../support/workflow-kit.js';

const QUESTION = [{ role: 'user', content: 'How warm is it?' }];
const TOOLS = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
const OSLO = { name: 'weather', arguments: '{"city":"Oslo"}' };
const ROME = { name: 'weather', arguments: '{"city":"Rome"}' };

const executed: string[] = [];

@Injectable()
class PingTool extends AgentTool<void, string> {
  readonly name = 'ping';
  readonly description = 'Says pong';
  readonly argsType = undefined;
  execute(): string {
    executed.push('ping');
    return 'pong';
  }
}

@Workflow({ id: 'two', description: 'Two steps, each of which may call tools of the client' })
class TwoWorkflow {
  readonly first = agent({ forward: ['tools'] });
  readonly second = agent({ forward: ['tools'] });
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    flow.stream(this.first, { messages });
    return flow.stream(this.second, { messages });
  }
}

const MODULES = [
  makeWorkflowsModule(TwoWorkflow),
  makeAgentModule(agent({ tools: [PingTool] }), { id: 'tooled', tools: [PingTool] }),
];

describe('tool calls of an upstream', () => {
  let bench: CompletionBench;
  beforeEach(async () => {
    executed.length = 0;
    bench = await CompletionBench.start({ imports: MODULES }, { messages: QUESTION, tools: TOOLS });
  });
  afterEach(() => bench.close());
  /** Each list is a chunk. */
  const calls = (chunks: readonly (readonly object[])[], reason = 'tool_calls'): Script => [
    role(null),
    ...chunks.map((tool_calls) => delta({ tool_calls })),
    finish(reason),
    done(),
  ];
  const ID = /^call_\w+$/;

  it.each<[string, Script]>([
    ['without an index', calls([[{ id: 'a', function: OSLO }], [{ id: 'b', function: ROME }]])],
    ['without index and id, in one chunk', calls([[{ function: OSLO }, { function: ROME }]])],
    ['without an id, all with the index 0', calls([[{ index: 0, function: OSLO }], [{ index: 0, function: ROME }]])],
    [
      'with arguments as an object',
      calls([
        [{ index: 0, id: 'a', function: { name: 'weather', arguments: { city: 'Oslo' } } }],
        [{ index: 1, id: 'b', function: { name: 'weather', arguments: { city: 'Rome' } } }],
      ]),
    ],
    [
      'with the id, the name in pieces, and the arguments apart',
      calls(
        [OSLO, ROME].flatMap((called, index) => [
          [{ index, id: `call_${index}` }],
          [{ index, function: { name: 'wea' } }],
          [{ index, function: { name: 'ther', arguments: '' } }],
          [{ index, function: { arguments: called.arguments } }],
        ]),
      ),
    ],
    [
      'with the name of the tool as the id of each',
      calls([[OSLO, ROME].map((called, index) => ({ index, id: 'weather', function: called }))]),
    ],
    [
      'with one index and one id, each in one piece',
      calls([OSLO, ROME].map((called) => [{ index: 0, id: 'weather', function: called }])),
    ],
    [
      'with an empty object before the arguments',
      calls(
        [OSLO, ROME].flatMap((called, index) => [
          [{ index, id: `call_${index}`, function: { name: 'weather', arguments: '{}' } }],
          [{ index, function: { arguments: called.arguments } }],
        ]),
      ),
    ],
    [
      'with an index that counts pieces',
      calls(
        [OSLO, ROME].flatMap((called, i) => [
          [{ index: 2 * i, id: `call_${i}`, function: { name: 'weather', arguments: called.arguments.slice(0, 5) } }],
          [{ index: 2 * i + 1, function: { arguments: called.arguments.slice(5) } }],
        ]),
      ),
    ],
    ['without `function`', calls([OSLO, ROME].map((called, index) => [{ index, ...called }]))],
    ['whose completion ends with the finish reason `stop`', calls([[{ function: OSLO }, { function: ROME }]], 'stop')],
  ])('%s are read as a person would read them', async (_, script) => {
    bench.upstream.next(script).next(script);
    const items = await bench.stream();
    assertCompletion(items, { finish: 'tool_calls' });
    const streamed = readToolCalls(items);
    expect(streamed).toMatchObject([OSLO, ROME]);
    const whole = await bench.complete();
    expect(whole).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: OSLO }, { function: ROME }] },
    });
    const ids = [streamed.map(({ id }) => id), whole?.message.tool_calls?.map(({ id }) => id) ?? []];
    for (const each of ids) {
      expect(new Set(each).size).toBe(2);
      for (const id of each) expect(id).toMatch(/^\w+$/);
    }
  });

  it('without arguments have an empty object, so that clients can parse it, and go back with it', async () => {
    bench.upstream.always(calls([[{ index: 0, id: 'a', type: 'function', function: { name: 'weather' } }]]));
    const items = await bench.stream();
    expect(readToolCalls(items)).toMatchObject([{ id: 'a', name: 'weather', arguments: '{}' }]);
    expect((await bench.complete())?.message.tool_calls).toMatchObject([{ function: { arguments: '{}' } }]);
    const asked = { id: 'a', type: 'function', function: { name: 'weather', arguments: '' } };
    const messages = [
      ...QUESTION,
      { role: 'assistant', content: null, tool_calls: [asked] },
      { role: 'tool', tool_call_id: 'a', content: 'Warm' },
    ];
    await bench.complete({ messages });
    expect(bench.upstream.requests.at(-1)?.body.messages[1]).toMatchObject({
      tool_calls: [{ ...asked, function: { name: 'weather', arguments: '{}' } }],
    });
  });

  it('in the deprecated form are read like any others', async () => {
    bench.upstream.next([
      role(null),
      delta({ function_call: { name: 'weather', arguments: '{"city":' } }),
      delta({ function_call: { arguments: '"Oslo"}' } }),
      finish('function_call'),
      done(),
    ]);
    const items = await bench.stream();
    assertCompletion(items, { finish: 'tool_calls' });
    expect(readToolCalls(items)).toMatchObject([{ ...OSLO, id: expect.stringMatching(ID) }]);
  });

  it('of two visible steps have numbers and ids of their own', async () => {
    const script = calls([[{ index: 0, id: 'call_0', function: OSLO }]]);
    bench.upstream.always(script);
    const items = await bench.stream({ model: 'two' });
    const streamed = readToolCalls(items);
    expect(streamed).toMatchObject([OSLO, OSLO]);
    expect(new Set(streamed.map(({ id }) => id)).size).toBe(2);
    const whole = (await bench.complete({ model: 'two' }))?.message.tool_calls ?? [];
    expect(new Set(whole.map(({ id }) => id)).size).toBe(2);
  });

  it('keep a character whose halves come apart, whatever comes between them', async () => {
    bench.upstream.next([
      role(null),
      delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'weather', arguments: '{"city":"\ud83d' } }] }),
      text('So\ud83e'),
      style({ envelope: { model: 'another' } }),
      reasoning('hm'),
      delta({ tool_calls: [{ index: 0, function: { arguments: '\ude00"}' } }] }),
      text('\udd80.'),
      finish('tool_calls'),
      done(),
    ]);
    const body = { model: 'chat', stream: true, messages: QUESTION, tools: TOOLS };
    const items = await (
      await openStream(bench.app.chatUrl, body, { headers: { 'millrace-events': 'true' } })
    ).collect();
    assertCompletion(items, { finish: 'tool_calls', content: 'So🦀.', reasoning: 'hm' });
    expect(readToolCalls(items)).toMatchObject([{ arguments: '{"city":"😀"}' }]);
    expect(readChunks(items).filter((chunk) => 'millrace' in chunk).length).toBeGreaterThan(2);
    for (const chunk of readChunks(items)) expect(JSON.stringify(chunk)).not.toMatch(/\\ud[89a-f]/);
  });

  it.each(['MAX_TOKENS', 'max_tokens', 'length', 'model_length', 'SAFETY', 'content_filter'])(
    "of the server's tools are not run if the output was cut off: %s",
    async (reason) => {
      bench.upstream.next(calls([[{ index: 0, id: 'a', function: { name: 'ping', arguments: '{}' } }]], reason));
      const whole = await bench.complete({ model: 'tooled', tools: undefined });
      expect(whole?.finish_reason).toBe(/^s|filter/i.test(reason) ? 'content_filter' : 'length');
      expect(executed).toEqual([]);
    },
  );

  it("of the server's tools are run without ids, and where two have one id", async () => {
    const ping = { name: 'ping', arguments: '{}' };
    bench.upstream
      .next(calls([[{ function: ping }, { function: ping }]], 'stop'))
      .next(calls([[0, 1].map((index) => ({ index, id: 'ping', function: ping }))]))
      .next(scriptStream('Done.'));
    expect((await bench.complete({ model: 'tooled', tools: undefined }))?.message.content).toBe('Done.');
    expect(executed).toHaveLength(4);
    const messages = bench.upstream.requests[2]?.body.messages ?? [];
    const asked = messages.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : []));
    expect(new Set(asked.map(({ id }) => id)).size).toBe(4);
    const resultIds = messages.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []));
    expect(resultIds).toEqual(asked.map(({ id }) => id));
  });
});
