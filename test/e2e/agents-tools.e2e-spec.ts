import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { RunService } from '../../src/runs/index.js';
import { agent, AgentTool, ToolError } from '../../src/workflow/index.js';
import { ClockTool, makeWeatherModule, scriptCalls, weather, WeatherTool } from '../fixtures/weather-agents.js';
import { AgentBench, WEATHER_QUESTION } from '../support/agent-bench.js';
import { assertCompletion, readToolCalls } from '../support/chunks.js';
import { eventually } from '../support/eventually.js';
import { scriptCompletion, scriptStream, tokens, scriptToolCalls } from '../support/upstream/scripts.js';
import { done, end, errorBody, finish, httpError, raw, role, text, toolCall } from '../support/upstream/steps.js';
import { assertValidCompletion, assertValidError } from '../support/wire-schema.js';

class Reading {
  @IsString() readonly city: string;
  @IsInt() readonly celsius: number;
}

const withTools = agent({ tools: [WeatherTool, ClockTool] });

describe('agents', () => {
  let bench: AgentBench;
  afterEach(async () => {
    await bench.close();
    weather.reset();
  });
  const start = async (module: Type<unknown>): Promise<void> => {
    bench = await AgentBench.start(module);
  };
  const toolMessages = (request: number): readonly unknown[] =>
    (bench.upstream.requests[request]?.body.messages ?? []).flatMap((message) =>
      message.role === 'tool' ? [message.content] : [],
    );

  describe('with tools of the server', () => {
    it('run tools and continue: the client sees the text of all rounds, but no calls', async () => {
      await start(makeWeatherModule(withTools));
      bench.upstream
        .next([
          role(),
          text('Let me'),
          text(' see.'),
          ...[scriptToolCalls('call_a', 'weather', { city: 'Oslo' })].flat().slice(1),
        ])
        .next(scriptStream('It is 7 degrees.'));
      const stream = await bench.open({ stream_options: { include_usage: true } });
      const items = await stream.collect();
      assertCompletion(items, {
        content: 'Let me see.\n\nIt is 7 degrees.',
        finish: 'stop',
        includeUsage: true,
        usage: tokens(20, 9),
      });
      expect(readToolCalls(items)).toEqual([]);

      const [first, second] = bench.upstream.requests;
      expect(first?.body.tools).toEqual([
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'Tells how warm it is in a city, in degrees Celsius',
            strict: true,
            parameters: expect.objectContaining({ required: ['city'], additionalProperties: false }),
          },
        },
        { type: 'function', function: expect.objectContaining({ name: 'clock', strict: true }) },
      ]);
      expect(second?.body.messages).toEqual([
        ...WEATHER_QUESTION,
        {
          role: 'assistant',
          content: 'Let me see.',
          tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_a', content: '7' },
      ]);
      expect(bench.tracer.traces[0]?.toString()).toBe(
        [
          'trace test (ended)',
          '  span SpeakingNode (ended)',
          '    generation gpt-5.4-mini (ended)',
          '    span tool:weather (ended)',
          '    generation gpt-5.4-mini (ended)',
        ].join('\n'),
      );
      expect(bench.tracer.spans('tool:weather')[0]).toMatchObject({
        start: { input: { city: 'Oslo' } },
        ending: { output: 7 },
      });
    });

    it('run tools that take no arguments, also without a stream', async () => {
      await start(makeWeatherModule(withTools));
      bench.upstream.next(scriptCalls(['clock', ''])).next(scriptStream('It is noon.'));
      const { json } = await bench.ask();
      assertValidCompletion(json);
      expect(json).toMatchObject({ choices: [{ message: { content: 'It is noon.' }, finish_reason: 'stop' }] });
      expect(json.choices[0]?.message).not.toHaveProperty('tool_calls');
      expect(toolMessages(1)).toEqual(['noon']);
    });

    it('run tools silently for a structured output', async () => {
      const config = agent({ output: Reading, tools: [WeatherTool] });
      await start(makeWeatherModule(config, { isVisible: false }));
      bench.upstream
        .next(scriptToolCalls('call_a', 'weather', { city: 'Oslo' }))
        .next(scriptCompletion({ city: 'Oslo', celsius: 7 }));
      const { json } = await bench.ask();
      expect(json).toMatchObject({ choices: [{ message: { content: '{"city":"Oslo","celsius":7}' } }] });
    });

    it('run tools side by side, and give the results in the order of the calls', async () => {
      await start(makeWeatherModule(withTools));
      let noteBothRun: () => void = () => undefined;
      const both = new Promise<void>((resolve) => {
        noteBothRun = resolve;
      });
      weather.behave = async (city) => {
        if (weather.started.length === 2) noteBothRun();
        await both;
        return { city };
      };
      bench.upstream
        .next(scriptCalls(['weather', '{"city":"Oslo"}'], ['weather', '{"city":"Rome"}']))
        .next(scriptStream('ok'));
      expect((await bench.ask()).status).toBe(200);
      expect(toolMessages(1)).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}']);
    });

    it('tell the model what went wrong, but not the message of a bug', async () => {
      await start(makeWeatherModule(withTools));
      weather.behave = (city, { signal }) => {
        if (city === 'Atlantis') throw new ToolError('there is no such city');
        if (city === 'Rome') throw new Error('the password is xyzzy');
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve('too late')));
      };
      bench.upstream
        .next(
          scriptCalls(
            ['weather', '{"city":7}'],
            ['weather', 'no JSON'],
            ['weather', '{"city":"Atlantis"}'],
            ['weather', '{"city":"Rome"}'],
            ['weather', '{"city":"Slow"}'],
            ['magic', '{}'],
          ),
        )
        .next(scriptStream('Sorry.'));
      expect((await bench.ask()).json).toMatchObject({ choices: [{ message: { content: 'Sorry.' } }] });
      expect(toolMessages(1)).toEqual([
        expect.stringMatching(/^Error: the arguments do not fit\.\n- city: must be a string/),
        expect.stringMatching(/^Error: the arguments do not fit\.\n- \$: is not valid JSON/),
        'Error: there is no such city',
        'Error: the tool failed.',
        'Error: the tool took longer than 150 ms.',
        'Error: There is no tool "magic". The tools: weather, clock.',
      ]);
      for (const { ending } of bench.tracer.spans().filter(({ name }) => name.startsWith('tool:'))) {
        expect(ending?.level).toBe('ERROR');
      }
      expect(
        bench.tracer
          .all()
          .map(({ endings }) => JSON.stringify(endings))
          .join(),
      ).not.toContain('xyzzy');
    });

    it('give up on a model that does nothing but call tools', async () => {
      await start(makeWeatherModule(agent({ tools: [ClockTool], maxToolRounds: 2 })));
      for (let i = 0; i < 3; i++) bench.upstream.next(scriptCalls(['clock', '{}']));
      const { status, json } = await bench.ask();
      assertValidError(json);
      expect([status, json.error.code]).toEqual([502, 'tool_rounds_exceeded']);
      expect(bench.tracer.spans('tool:clock')).toHaveLength(2);
    });

    it('make no more than 128 calls in all rounds', async () => {
      await start(makeWeatherModule(agent({ tools: [ClockTool] })));
      const round = scriptCalls(...Array.from({ length: 100 }, () => ['clock', '{}'] as const));
      bench.upstream.next(round).next(round);
      const { status, json } = await bench.ask();
      assertValidError(json);
      expect([status, json.error.code]).toEqual([502, 'tool_calls_exceeded']);
      expect(bench.tracer.spans('tool:clock')).toHaveLength(100);
    });

    it('make no more calls than the agent allows', async () => {
      await start(makeWeatherModule(agent({ tools: [ClockTool], maxToolCalls: 2 })));
      bench.upstream.next(scriptCalls(['clock', '{}'], ['clock', '{}'])).next(scriptStream('Noon.'));
      expect((await bench.ask()).status).toBe(200);
      bench.upstream.next(scriptCalls(['clock', '{}'], ['clock', '{}'], ['clock', '{}']));
      expect((await bench.ask()).json).toMatchObject({ error: { code: 'tool_calls_exceeded' } });
    });

    it('give tools exactly the numbers that the model wrote', async () => {
      const given: unknown[] = [];
      class RefundArgs {
        @IsInt() readonly order: number;
        @IsString() readonly account: string;
      }
      @Injectable()
      class RefundTool extends AgentTool<RefundArgs> {
        readonly name = 'refund';
        readonly description = 'Pays an order back';
        readonly argsType = RefundArgs;
        execute(args: RefundArgs): string {
          given.push({ ...args });
          return 'done';
        }
      }
      await start(makeWeatherModule(agent({ tools: [RefundTool] }), { tools: [RefundTool] }));
      bench.upstream
        .next(
          scriptCalls(
            ['refund', '{"order":9007199254740993,"account":"9007199254740993"}'],
            ['refund', '{"order":9007199254740991,"account":"9007199254740993"}'],
            ['refund', '{"order":7,"account":9007199254740993}'],
          ),
        )
        .next(scriptStream('Done.'));
      expect((await bench.ask()).json).toMatchObject({ choices: [{ message: { content: 'Done.' } }] });
      expect(given).toEqual([{ order: 9007199254740991, account: '9007199254740993' }]);
      expect(toolMessages(1)).toEqual([
        expect.stringMatching(/^Error: the arguments do not fit\.\n- \$: a number has more digits than are kept/),
        'done',
        expect.stringMatching(/^Error: the arguments do not fit\./),
      ]);
      // The model gets its call back exactly as it wrote it, and the trace has the same text.
      expect(JSON.stringify(bench.upstream.requests[1]?.body.messages)).toContain('9007199254740993,');
      expect(bench.tracer.spans('tool:refund').map(({ start: { input } }) => input)).toContain(
        '{"order":9007199254740993,"account":"9007199254740993"}',
      );
    });

    it('run no tool whose arguments an upstream gives as an object with an inexact number', async () => {
      await start(makeWeatherModule(withTools));
      const call = '{"index":0,"id":"a","function":{"name":"weather","arguments":{"city":9007199254740993}}}';
      bench.upstream.next([role(null), raw(`data: {"choices":[{"delta":{"tool_calls":[${call}]}}]}\n\n`), end()]);
      expect((await bench.ask()).json).toMatchObject({ error: { code: 'upstream_bad_answer' } });
      expect(weather.started).toEqual([]);
    });

    it('abort their tools with the run', async () => {
      await start(makeWeatherModule(withTools));
      let aborted = false;
      weather.behave = (_city, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('closed what it had opened'));
          });
        });
      bench.upstream.next([
        role(),
        text('Wait.'),
        ...[scriptToolCalls('a', 'weather', { city: 'Oslo' })].flat().slice(1),
      ]);
      const stream = await bench.open();
      await eventually(() => weather.started.length === 1);
      stream.destroy();
      await eventually(() => bench.app.get(RunService).openRuns === 0);
      expect(aborted).toBe(true);
      expect(bench.tracer.spans('tool:weather')[0]?.ending).toMatchObject({ level: 'WARNING' });
      expect(bench.upstream.requests).toHaveLength(1);
    });

    it('run no tool whose arguments were cut short', async () => {
      await start(makeWeatherModule(withTools));
      bench.upstream.next([
        role(),
        toolCall({ index: 0, id: 'a', name: 'clock', arguments: '{' }),
        finish('length'),
        done(),
      ]);
      expect((await bench.ask()).json).toMatchObject({
        choices: [{ message: { content: '' }, finish_reason: 'length' }],
      });
      expect(bench.tracer.spans('tool:clock')).toEqual([]);
    });

    it('keep the results of tools when the model fails afterwards and is asked again', async () => {
      await start(makeWeatherModule(agent({ tools: [ClockTool], retries: 1 })));
      bench.upstream
        .next([role(), text('Wait.'), ...[scriptToolCalls('a', 'clock', {})].flat().slice(1)])
        .next(httpError(503, errorBody('busy'), { 'retry-after-ms': '1' }))
        .next(scriptStream('It is noon.'));
      const stream = await bench.open();
      assertCompletion(await stream.collect(), { content: 'Wait.\n\nIt is noon.', finish: 'stop' });
      expect(bench.tracer.spans('tool:clock')).toHaveLength(1);
      expect([toolMessages(1), toolMessages(2)]).toEqual([['noon'], ['noon']]);
    });

    it('force a call in the first round only', async () => {
      await start(makeWeatherModule(agent({ tools: [ClockTool], settings: { tool_choice: 'required' } })));
      bench.upstream.next(scriptCalls(['clock', '{}'])).next(scriptStream('ok'));
      await bench.ask();
      expect(bench.upstream.requests.map(({ body }) => body.tool_choice)).toEqual(['required', undefined]);
    });
  });
});
