import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { IsInt } from 'class-validator';
import { agent, type Agent, type AgentInput, AgentTool } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { done, errorBody, finish, httpError, reasoning, role, text, toolCall } from '../support/upstream/steps.js';
import { assertValidCompletion, assertValidError } from '../support/wire-schema.js';
import { makeAgentModule } from '../support/workflow-kit.js';

const QUESTION = [{ role: 'user', content: 'What time is it?' }];
const INSTRUCTIONS = 'You know the time.';
const REFUSED = httpError(400, errorBody('Unknown field', { type: 'invalid_request_error' }));

class Hour {
  @IsInt() readonly hour: number;
}

let result: unknown = 'noon';

@Injectable()
class ClockTool extends AgentTool<void> {
  readonly name = 'clock';
  readonly description = 'Tells the time';
  readonly argsType = undefined;
  execute(): unknown {
    return result;
  }
}

const base = {} as const;
const withClock = agent({ ...base, tools: [ClockTool] });
const withHour = agent({ output: Hour });
const callOfClock = (thoughts: readonly ReturnType<typeof reasoning>[] = [], args = '') => [
  role(null),
  ...thoughts,
  toolCall({ index: 0, id: 'call_1', name: 'clock', arguments: args }),
  finish('tool_calls'),
  done(),
];

describe('what Millrace asks a server that speaks the protocol of OpenAI', () => {
  let bench: Bench;
  afterEach(async () => {
    result = 'noon';
    await bench.close();
  });
  const start = async (config?: Agent<AgentInput, string> | Agent<AgentInput, Hour>, isVisible = true, env = {}) => {
    const imports =
      config === undefined
        ? []
        : [makeAgentModule(config as Agent<AgentInput, string>, { isVisible, tools: [ClockTool] })];
    bench = await Bench.start({ imports, env });
  };
  const ask = (messages: readonly object[] = QUESTION, body: object = {}) =>
    bench.ask({ model: 'test', messages, ...body });
  const readSent = (index: number) =>
    bench.upstream.requests[index]?.body.messages as unknown as Record<string, unknown>[];

  describe('in the messages', () => {
    it('has one system message for instructions, what a step adds and what the client says first', async () => {
      await start(agent({ ...base, instructions: INSTRUCTIONS }));
      bench.upstream.next(scriptStream('Noon.'));
      const own = [
        { role: 'developer', content: 'Be brief.' },
        { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
      ];
      expect((await ask([...own, ...QUESTION])).status).toBe(200);
      expect(readSent(0)).toEqual([
        { role: 'system', content: `${INSTRUCTIONS}\n\nBe brief.\n\nBe kind.` },
        ...QUESTION,
      ]);
    });

    it('turns later system messages into messages of the user, and makes users and assistants alternate', async () => {
      await start(agent({ ...base, instructions: INSTRUCTIONS }));
      bench.upstream.next(scriptStream('Noon.'));
      const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
      await ask([
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: '' },
        { role: 'user', content: [{ type: 'text', text: 'Look' }, image] },
        { role: 'assistant', content: 'I see.' },
        { role: 'assistant', content: 'A clock.' },
        { role: 'system', content: 'Answer in French.' },
        ...QUESTION,
      ]);
      expect(readSent(0)).toEqual([
        { role: 'system', content: INSTRUCTIONS },
        { role: 'user', content: [{ type: 'text', text: 'Hello' }, { type: 'text', text: 'Look' }, image] },
        { role: 'assistant', content: 'I see.\n\nA clock.' },
        { role: 'user', content: 'Answer in French.\n\nWhat time is it?' },
      ]);
    });

    it('leaves out an empty system message and an empty list of calls', async () => {
      await start();
      bench.upstream.next(scriptStream('ok')).next(scriptStream('ok'));
      const empty = { role: 'system', content: '' };
      await ask([empty, ...QUESTION, { role: 'assistant', content: 'Noon.', tool_calls: [] }, ...QUESTION], {
        model: 'chat',
      });
      expect(readSent(0)).toEqual([...QUESTION, { role: 'assistant', content: 'Noon.' }, ...QUESTION]);
      await ask([empty], { model: 'chat' });
      expect(readSent(1)).toEqual([empty]);
    });

    it('sends back no fields that only completions have', async () => {
      await start();
      const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }];
      const nothing = { refusal: null, annotations: [], audio: null, function_call: null, millrace: { node: 'x' } };
      bench.upstream.next(scriptStream('ok'));
      const { status } = await ask(
        [
          ...QUESTION,
          {
            role: 'assistant',
            content: 'Noon.',
            reasoning_content: 'Hm',
            reasoning: 'Hm',
            tool_calls: null,
            ...nothing,
          },
          ...QUESTION,
          { role: 'assistant', content: null, reasoning_content: 'Hm', tool_calls, ...nothing },
          { role: 'tool', tool_call_id: 'call_1', content: '' },
          { role: 'assistant', content: null, refusal: 'I will not.' },
          { role: 'user', content: 'Why?', name: 'Ann' },
        ],
        { model: 'chat' },
      );
      expect(status).toBe(200);
      expect(readSent(0)).toEqual([
        ...QUESTION,
        { role: 'assistant', content: 'Noon.' },
        ...QUESTION,
        { role: 'assistant', content: null, tool_calls },
        { role: 'tool', tool_call_id: 'call_1', content: '(empty)' },
        { role: 'assistant', content: 'I will not.' },
        { role: 'user', content: 'Why?', name: 'Ann' },
      ]);
    });

    it('removes the fields that only completions of Millrace have, when a client sends one back', async () => {
      await start(undefined, true, { OPENAI_MESSAGES: 'openai' });
      bench.upstream.next([role(), reasoning('Hm'), text('Noon.'), finish('stop'), done()]).next(scriptStream('ok'));
      const { json } = await ask(QUESTION, { model: 'chat' });
      assertValidCompletion(json);
      const { message } = json.choices[0] as { message: object };
      expect(message).toHaveProperty('reasoning_content');
      await ask([...QUESTION, message, ...QUESTION], { model: 'chat' });
      expect(readSent(1)[1]).toEqual({ role: 'assistant', content: 'Noon.', refusal: null });
    });
  });

  describe('after a round of tools', () => {
    it.each([
      ['sends reasoning back to a server that calls it reasoning_content', 'reasoning_content', 'Let me see.'],
      ['keeps it from one that calls it otherwise', 'reasoning', undefined],
    ] as const)('%s', async (_, field, back) => {
      await start(withClock);
      bench.upstream.next(callOfClock([reasoning('Let me ', field), reasoning('see.', field)]));
      bench.upstream.next(scriptStream('Noon.'));
      expect((await ask()).status).toBe(200);
      expect(readSent(1)[1]).toEqual({
        role: 'assistant',
        content: null,
        ...(back !== undefined && { reasoning_content: back }),
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'clock', arguments: '{}' } }],
      });
    });

    it("sends it back with the client's own tool calls, but never with plain text", async () => {
      await start();
      const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }];
      const history = [
        ...QUESTION,
        { role: 'assistant', content: 'Noon.', reasoning_content: 'Hm' },
        ...QUESTION,
        { role: 'assistant', content: null, reasoning_content: 'So so', tool_calls },
        { role: 'tool', tool_call_id: 'call_1', content: '12' },
      ];
      bench.upstream.next([role(), reasoning('Hm'), text('Noon.'), finish('stop'), done()]).next(scriptStream('Noon.'));
      await ask(QUESTION, { model: 'chat' });
      await ask(history, { model: 'chat' });
      expect(readSent(1).map(({ reasoning_content: said }) => said)).toEqual([
        undefined,
        undefined,
        undefined,
        'So so',
        undefined,
      ]);
    });

    it('tells the model when a tool gave no text', async () => {
      await start(withClock);
      result = '';
      bench.upstream.next(callOfClock()).next(scriptStream('Noon.'));
      await ask();
      expect(readSent(1).at(-1)).toEqual({ role: 'tool', tool_call_id: 'call_1', content: '(empty)' });
    });

    it('shows the model arguments that are not JSON as a string in JSON', async () => {
      await start(withClock);
      bench.upstream.next(callOfClock([], '{"a":')).next(scriptStream('Noon.'));
      expect((await ask()).status).toBe(200);
      expect(readSent(1)[1]).toMatchObject({
        tool_calls: [{ function: { arguments: '{"invalid_json":"{\\"a\\":"}' } }],
      });
    });

    it('asks once more without tools when their rounds are used up', async () => {
      await start(agent({ ...base, tools: [ClockTool], maxToolRounds: 2 }));
      bench.upstream.next(callOfClock()).next(callOfClock()).next(scriptStream('Noon.'));
      const { status, json } = await ask();
      expect(status).toBe(200);
      expect(json).toMatchObject({ choices: [{ message: { content: 'Noon.' } }] });
      expect(bench.upstream.requests.map(({ body }) => [body.tools?.length, body.tool_choice])).toEqual([
        [1, undefined],
        [1, undefined],
        [1, 'none'],
      ]);
    });

    it("leaves the client its own tools when the server's are used up", async () => {
      await start(agent({ ...base, tools: [ClockTool], maxToolRounds: 1, forward: ['tools'] }));
      const tools = [{ type: 'function', function: { name: 'open_door', parameters: { type: 'object' } } }];
      bench.upstream.next(callOfClock()).next(scriptStream('Noon.'));
      expect((await ask(QUESTION, { tools })).status).toBe(200);
      expect(bench.upstream.requests[1]?.body.tools).toEqual(tools);
    });
  });

  it('leaves an empty output out when it asks the model to repair it', async () => {
    await start(withHour, false);
    bench.upstream.next(scriptStream('')).next(scriptCompletion({ hour: 12 }));
    expect((await ask()).status).toBe(200);
    expect(readSent(1)).toEqual([
      { role: 'user', content: expect.stringMatching(/^What time is it\?\n\nYour answer does not fit/) },
    ]);
  });

  describe('leads to an error that blames the server', () => {
    const assertOurs = ({ status, json }: { status: number; json: unknown }) => {
      assertValidError(json);
      expect([status, json.error.code, json.error.type]).toEqual([502, 'upstream_refused_request', 'server_error']);
    };

    it.each([400, 413, 422])('if a request after a round of tools is refused with %i', async (status) => {
      await start(withClock);
      bench.upstream.next(callOfClock()).next(httpError(status, errorBody('Unknown field')));
      assertOurs(await ask());
    });

    it('if a repair is refused', async () => {
      await start(withHour, false);
      bench.upstream.next(scriptStream('soon')).next(REFUSED);
      assertOurs(await ask());
    });

    it.each([
      ['a message that the server wrote', { param: 'messages[0].content' }],
      ['a model that the server chose', { param: 'model' }],
    ])('if the fault is in %s', async (_, details) => {
      await start(agent({ ...base, instructions: INSTRUCTIONS }));
      bench.upstream.next(httpError(400, errorBody('Bad', details)));
      assertOurs(await ask());
    });

    it.each([
      ['DeepSeek', 'This response_format type is unavailable now', {}],
      ['Groq', 'This model does not support response format `json_schema`.', {}],
      ['others', "'type' must be 'text'", { param: 'response_format.type' }],
    ])('if the fault is in the form that the server asks for, in the words of %s', async (_, words, details) => {
      await start(withHour);
      const lines: string[] = [];
      Logger.overrideLogger({ log() {}, error() {}, warn: (line: unknown) => lines.push(JSON.stringify(line)) });
      try {
        bench.upstream.next(httpError(400, errorBody(words, details)));
        assertOurs(await ask());
        expect(lines.join('\n')).toContain('set …_STRUCTURED_OUTPUT of this provider to tool or prompt');
      } finally {
        Logger.overrideLogger(false);
      }
    });

    it.each([
      'registry.ollama.ai/library/small does not support tools',
      'This model does not support this tool_choice',
      'stream_options is not allowed',
    ])('if the fault is in a parameter that only the server sent: %s', async (words) => {
      await start(withClock);
      bench.upstream.next(httpError(400, errorBody(words)));
      assertOurs(await ask());
    });

    it('if the fault is in what an agent sets', async () => {
      await start(agent({ ...base, settings: { top_k: -1 } }));
      bench.upstream.next(httpError(400, errorBody('Bad', { param: 'top_k' })));
      assertOurs(await ask());
    });

    it('after as many retries and fallbacks as the agent has', async () => {
      const config = agent({
        ...base,
        tools: [ClockTool],
        retries: 1,
        model: ['openai', { model: 'openai/other' }],
      });
      await start(config);
      bench.upstream.next(callOfClock()).next(REFUSED).next(REFUSED).next(scriptStream('Noon.'));
      expect((await ask()).status).toBe(200);
      expect(bench.upstream.requests.map(({ body }) => body.model)).toEqual([
        'gpt-5.4-mini',
        'gpt-5.4-mini',
        'gpt-5.4-mini',
        'other',
      ]);
    });

    it.each([
      ['names nothing', {}],
      ['names a parameter of the client', { param: 'temperature' }],
      ["names the client's message", { param: 'messages[1].content' }],
    ])('but not if the first request is refused, and the refusal %s', async (_, details) => {
      await start(agent({ ...base, instructions: INSTRUCTIONS, settings: { top_k: 3 } }));
      bench.upstream.next(httpError(400, errorBody('Bad', details)));
      expect((await ask(QUESTION, { temperature: 2 })).status).toBe(400);
    });

    it("but not if it is about the client's own form, tools or calls of tools", async () => {
      await start();
      const own = {
        model: 'chat',
        response_format: { type: 'json_object' },
        tools: [{ type: 'function', function: { name: 'look' } }],
      };
      for (const words of ['response_format is unavailable', 'x does not support tools', 'no call for this tool']) {
        bench.upstream.next(httpError(400, errorBody(words)));
        const { status, json } = await ask(QUESTION, own);
        expect([status, json]).toMatchObject([400, { error: { message: words } }]);
      }
    });
  });
});
