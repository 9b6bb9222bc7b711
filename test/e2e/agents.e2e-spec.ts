import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import type { Message } from '../../src/models/index.js';
import { RunService } from '../../src/runs/index.js';
import { agent, type Agent, type AgentInput, promptFile } from '../../src/workflow/index.js';
import { ClockTool, makeWeatherModule, scriptCalls, weather, WeatherTool } from '../fixtures/weather-agents.js';
import { Bench, makeAgentModule } from '../support/bench.js';
import {
  assertCompletion,
  assertErrorEnded,
  assertValidError,
  catchRejection,
  eventually,
  readToolCalls,
} from '../support/checks.js';
import { openStream } from '../support/client.js';
import { AgentBench, WEATHER_QUESTION } from '../support/agent-bench.js';
import { catchDefinitionError } from '../support/definition-error.js';
import { scriptStream, scriptToolCalls, steps } from '../support/upstream/index.js';

const CLIENT_TOOL = { type: 'function', function: { name: 'open_door', parameters: { type: 'object' } } };

describe('agents', () => {
  let bench: AgentBench;
  afterEach(async () => {
    await bench.close();
    weather.reset();
  });
  const start = async (module: Type<unknown>): Promise<void> => {
    bench = await AgentBench.start(module);
  };

  describe("with tools of the server's and of the client's", () => {
    const forwarding = agent({ tools: [WeatherTool, ClockTool], forward: ['sampling', 'tools'] });
    const collect = async (): Promise<Parameters<typeof assertCompletion>[0]> => {
      const stream = await bench.open({ tools: [CLIENT_TOOL] });
      return stream.collect();
    };

    it("give the client's calls to the client, after the server's have been run", async () => {
      await start(makeWeatherModule(forwarding));
      bench.upstream.next(scriptCalls(['clock', '{}'])).next(scriptCalls(['open_door', '{"now":true}']));
      const items = await collect();
      assertCompletion(items, { content: '', finish: 'tool_calls' });
      expect(readToolCalls(items)).toEqual([
        { id: 'call_0', type: 'function', name: 'open_door', arguments: '{"now":true}' },
      ]);
      expect(bench.upstream.requests[0]?.body.tools).toHaveLength(3);
    });

    it("do not run the server's if the model calls the client's in the same output", async () => {
      await start(makeWeatherModule(forwarding));
      bench.upstream.next(scriptCalls(['clock', '{}'], ['open_door', '{}'], ['weather', '{"city":"Oslo"}']));
      const items = await collect();
      assertCompletion(items, { finish: 'tool_calls' });
      expect(readToolCalls(items).map(({ name }) => name)).toEqual(['open_door']);
      expect(weather.started).toEqual([]);
      expect(bench.tracer.spans('SpeakingNode')[0]?.events).toMatchObject([
        { name: 'tools_not_run', data: { tools: ['clock', 'weather'] } },
      ]);
    });

    it('refuse two tools of one name', async () => {
      await start(makeWeatherModule(forwarding));
      const { status, json } = await bench.ask({ tools: [{ type: 'function', function: { name: 'clock' } }] });
      assertValidError(json);
      expect([status, json.error.param, json.error.code]).toEqual([400, 'tools', 'tool_name_taken']);
    });

    it("leave the client's out if it wants none called", async () => {
      await start(makeWeatherModule(forwarding));
      bench.upstream.next(scriptStream('ok'));
      await bench.ask({ tools: [CLIENT_TOOL], tool_choice: 'none' });
      expect(bench.upstream.requests[0]?.body.tools).toHaveLength(2);
      expect(bench.upstream.requests[0]?.body).not.toHaveProperty('tool_choice');
    });
  });

  describe('with instructions', () => {
    const systemMessage = async (): Promise<unknown> => {
      bench.upstream.next(scriptStream('ok'));
      expect((await bench.ask()).status).toBe(200);
      return bench.upstream.requests[0]?.body.messages[0];
    };

    it('from a prompt file', async () => {
      const instructions = promptFile('../fixtures/prompts/advice.md', import.meta.url);
      await start(makeWeatherModule(agent({ instructions })));
      expect(await systemMessage()).toEqual({ role: 'system', content: 'You advise customers on ships. Be brief.' });
    });

    it('from a function of the run', async () => {
      const config = agent({
        instructions: async ({ messages }: { messages: readonly Message[] }, { request }) =>
          `You are ${request.model}; ${messages.length} message so far.`,
      });
      await start(makeWeatherModule(config as Agent<AgentInput, string>));
      expect(await systemMessage()).toEqual({ role: 'system', content: 'You are test; 1 message so far.' });
    });

    it('that take long, are aborted with the run', async () => {
      let isAsked = false;
      const instructions = (): Promise<string> => {
        isAsked = true;
        return new Promise(() => undefined);
      };
      await start(makeWeatherModule(agent({ instructions })));
      const leaving = new AbortController();
      const stream = openStream(
        bench.app.chatUrl,
        { model: 'test', stream: true, messages: WEATHER_QUESTION },
        { signal: leaving.signal },
      );
      await eventually(() => isAsked);
      leaving.abort();
      await catchRejection(stream.then((opened) => opened.collect()));
      await eventually(() => bench.app.get(RunService).openRuns === 0);
    });

    it('from a function are given what the step is wired to', async () => {
      const instructions = ({ topic, urgent }: { topic: string; urgent: boolean }): string => `${topic} ${urgent}`;
      await start(makeWeatherModule(agent({ instructions }) as Agent<AgentInput, string>));
      expect(await systemMessage()).toEqual({ role: 'system', content: 'ships true' });
    });
  });

  it('fail in the middle of a stream like any other step', async () => {
    await start(makeWeatherModule(agent({ tools: [ClockTool], maxToolRounds: 0 })));
    bench.upstream.next([steps.role(), steps.text('Hm.'), ...[scriptToolCalls('a', 'clock', {})].flat().slice(1)]);
    const stream = await bench.open();
    expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'tool_rounds_exceeded' });
  });
});

describe('an agent that cannot work stops the start', () => {
  it('a prompt file that is wired to other variables than it takes', async () => {
    const instructions = promptFile('../fixtures/prompts/advice.md', import.meta.url);
    const module = makeAgentModule(agent({ instructions }), { variables: {} });
    const failure = await catchRejection(Bench.start({ imports: [module] }));
    expect((failure as Error).message).toContain('advice.md needs "topic", "urgent", and is given nothing.');
  });

  const readFault = async (config: Agent<AgentInput, string>, tools: Type<unknown>[] = []): Promise<string> => {
    return (await catchDefinitionError(makeWeatherModule(config, { tools }))).message;
  };

  @Injectable()
  class BadNameTool extends ClockTool {
    override readonly name = 'a clock' as 'clock';
  }
  class Weather {}
  @Injectable()
  class NeedyTool extends ClockTool {
    constructor(readonly weather: Weather) {
      super();
    }
  }
  @Injectable()
  class ThrowingTool extends ClockTool {
    constructor() {
      super();
      throw new Error('no clock here');
    }
  }
  @Injectable()
  class SecondClockTool extends ClockTool {}
  @Injectable()
  class HastyTool extends ClockTool {
    override readonly timeout = Infinity;
  }

  it.each([
    [
      'a class that is not a tool',
      agent({ tools: [Weather as unknown as typeof ClockTool] }),
      [Weather],
      /step "SpeakingNode": its tool Weather is not a tool\. Name a class that extends AgentTool\./,
    ],
    [
      'options that agents do not have, and several wrong numbers',
      agent({ instruction: 'Be brief', retries: -1, timeout: Number.NaN, repairs: 1.5 } as object),
      [],
      /it has `instruction`, which is not an option of agents\. The options are: .* its retries is -1\. .* its repairs is 1\.5\. .* its timeout is NaN\./,
    ],
    [
      'a tool that needs what nobody provides',
      agent({ tools: [NeedyTool] }),
      [],
      /step "SpeakingNode": its tool NeedyTool: it cannot be made\. Nest can't resolve dependencies of the NeedyTool \(\?\)\..* Add what it injects to the providers of \w+Module, or import/,
    ],
    [
      'a tool whose constructor throws',
      agent({ tools: [ThrowingTool] }),
      [],
      /its tool ThrowingTool: its constructor threw "no clock here"\./,
    ],
    ['a bad name of a tool', agent({ tools: [BadNameTool] }), [BadNameTool], /"a clock" cannot be a tool's name/],
    [
      'two tools of one name',
      agent({ tools: [ClockTool, SecondClockTool] }),
      [ClockTool, SecondClockTool],
      /the name "clock"/,
    ],
    [
      'a prompt file that is not there',
      agent({ instructions: promptFile('./nowhere.md', import.meta.url) }),
      [],
      /nowhere\.md does not exist/,
    ],
    ['a number that is none', agent({ retries: -1 }), [], /its retries is -1/],
    ['calls without a bound', agent({ maxToolCalls: Infinity }), [], /its maxToolCalls is Infinity/],
    ...[Infinity, Number.NaN, 0, -1, 2_147_483_648].map(
      (timeout) =>
        [
          `the timeout ${timeout}`,
          agent({ timeout }),
          [],
          new RegExp(`workflow "test", step "SpeakingNode": its timeout is ${timeout}\\. Give milliseconds from 1 to`),
        ] as const,
    ),
    [
      'a tool with a timeout that would fire at once',
      agent({ tools: [HastyTool] }),
      [HastyTool],
      /its tool "clock" has the timeout Infinity/,
    ],
    [
      'a setting that JSON cannot hold',
      agent({ settings: { temperature: 0, logit_bias: { 50256: Number.NaN } } }),
      [],
      /its settings\.logit_bias\.50256 is NaN, which JSON cannot hold/,
    ],
    [
      'a setting of a fallback that JSON cannot hold',
      agent({ model: ['openai', { model: 'demo', settings: { seed: 1n } }] }),
      [],
      /its settings\.seed is a bigint/,
    ],
  ] as [string, Agent<AgentInput, string>, Type<unknown>[], RegExp][])('%s', async (_, config, tools, message) => {
    expect(await readFault(config, tools)).toMatch(message);
  });
});
