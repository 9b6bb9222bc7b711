import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { IsBoolean, IsIn, IsString } from 'class-validator';
import type { Message } from '../../src/models/index.js';
import { AgentNode } from '../../src/nodes/index.js';
import { agent, type ChatRefs, type Flow, type Ref, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { assertCompletion } from '../support/chunks.js';
import { getJson, postJson } from '../support/http-client.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { openStream } from '../support/sse-client.js';

const FAST = { DEMO_TOKENS_PER_SECOND: '0' };

class TriageDto {
  @IsIn(['billing', 'technical', 'shipping', 'account', 'other'])
  readonly category: string;
  @IsIn(['low', 'normal', 'urgent'])
  readonly priority: string;
  @IsBoolean()
  readonly spam: boolean;
  @IsBoolean()
  readonly escalate: boolean;
  @IsString()
  readonly summary: string;
}

@Injectable()
class TriageNode extends AgentNode<{ messages: readonly Message[] }, TriageDto> {
  readonly agentConfig = agent({ output: TriageDto });

  process(input: { messages: readonly Message[] }, context: TaskContext): Promise<TriageDto> {
    return this.agent.run(input, context);
  }
}

@Workflow({ id: 'triage', description: 'Sorts a ticket' })
class TriageWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<TriageDto> {
    return flow.node(TriageNode, { messages });
  }
}

@Module({ providers: [TriageNode, TriageWorkflow] })
class TriageModule {}

/** A ticket; its category, priority, spam and escalate; and the output of customer-care for it. */
type Ticket = readonly [string, string, string, boolean, boolean, RegExp];

const CLOSED = /^This message was closed/;
const ESCALATED = /^Thank you\. A colleague/;
const INVOICE = /^Thank you\. Your invoice question/;
const REPLIED = /^You (?:ask|write) about/;

const TICKETS: readonly Ticket[] = [
  ['My invoice is wrong, it shows the old address.', 'billing', 'normal', false, false, INVOICE],
  ['I was charged twice on my card in March.', 'billing', 'normal', false, false, INVOICE],
  ['Can you send me the receipt for order 4711 again?', 'billing', 'normal', false, false, INVOICE],
  ['The app crashes when I open a large file.', 'technical', 'normal', false, false, REPLIED],
  ["The export doesn't work since the last update.", 'technical', 'normal', false, false, REPLIED],
  ['Production is down for everybody, please help immediately!', 'technical', 'urgent', false, false, REPLIED],
  ['Where is my parcel? The tracking page has not changed for days.', 'shipping', 'normal', false, false, REPLIED],
  ['I forgot my password and cannot log in.', 'account', 'normal', false, false, REPLIED],
  ['What are your opening hours on Saturday?', 'other', 'normal', false, false, REPLIED],
  ['Is the desk lamp available in another colour?', 'other', 'normal', false, false, REPLIED],
  ['Just a typo on your start page, nothing urgent.', 'other', 'low', false, false, REPLIED],
  ['Please refund my last payment, the shoes are too small.', 'billing', 'normal', false, false, ESCALATED],
  ["I can't log in to my account since the update.", 'account', 'normal', false, false, REPLIED],
  ['The police gave me your lamp back, is it legal to export it?', 'other', 'normal', false, false, REPLIED],
  ['Can I talk to a human, please?', 'other', 'normal', false, true, ESCALATED],
  ['My lawyer will sue you, this is outrageous.', 'other', 'normal', false, true, ESCALATED],
  ['Congratulations, you won the lottery! Click here for your prize.', 'other', 'normal', true, false, CLOSED],
  ['Cheap SEO backlinks and a casino bonus, earn bitcoin today', 'other', 'normal', true, false, CLOSED],
];

describe('the demo sorts ordinary tickets by their words', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: FAST, imports: [TriageModule] });
  });
  afterAll(() => app.close());

  it.each(TICKETS)('%s', async (content, category, priority, spam, escalate, notice) => {
    const messages = [{ role: 'user', content }];
    const ask = async (model: string): Promise<string> => {
      const { status, json } = await postJson(app.chatUrl, { model, messages });
      expect(status).toBe(200);
      return (json as { choices: [{ message: { content: string } }] }).choices[0].message.content;
    };
    const expected = { category, priority, spam, escalate, summary: expect.any(String) };
    expect(JSON.parse(await ask('triage'))).toEqual(expected);
    expect(await ask('customer-care')).toMatch(notice);
  });

  it('calls a tool that does what the message asks for, and then reports its result', async () => {
    const parameters = {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 14 } },
      required: ['city', 'days'],
    };
    const tool = (name: string, description: string): object => ({
      type: 'function',
      function: { name, description, parameters },
    });
    const tools = [tool('book_flight', 'Books a flight to a city'), tool('get_weather', 'Tells the weather in a city')];
    const messages: object[] = [{ role: 'user', content: 'How will the weather be in Paris for the next 3 days?' }];
    const ask = async (): Promise<{ content: string | null; tool_calls?: { id: string }[] }> => {
      const { json } = await postJson(app.chatUrl, { model: 'chat', messages, tools });
      return (json as { choices: [{ message: { content: string; tool_calls?: { id: string }[] } }] }).choices[0]
        .message;
    };
    const call = await ask();
    expect(call.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris","days":3}' } },
    ]);
    messages.push(call, { role: 'tool', tool_call_id: call.tool_calls?.[0]?.id, content: '{"sky":"clear"}' });
    expect((await ask()).content).toContain('get_weather answered: “{"sky":"clear"}”.');
    messages.splice(0, Infinity, { role: 'user', content: 'Will it rain in Oslo tomorrow?' });
    expect((await ask()).tool_calls).toMatchObject([{ function: { name: 'get_weather' } }]);
    messages.splice(0, Infinity, { role: 'user', content: 'Hello, how are you?' });
    expect((await ask()).content).toMatch(/^Hello!/);
  });
});

describe('the demo never answers customers unnoticed', () => {
  let server: ServerProcess | undefined;
  beforeAll(ensureServerIsBuilt, 120_000);
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
  });

  const PRODUCTION = { NODE_ENV: 'production', ...FAST };
  const start = async (env: Record<string, string>): Promise<string> =>
    startServerProcess({ env }).then(
      (started) => {
        server = started;
        return started.process.stdout;
      },
      (error: Error) => error.message,
    );

  it.each([
    ['in production without a provider', PRODUCTION],
    ['where it is off', { DEMO: 'off' }],
    ['in production, with a provider that no agent uses', { ...PRODUCTION, MISTRAL_API_KEY: 'sk-1' }],
    ['in production, with several processes', { ...PRODUCTION, WEB_CONCURRENCY: '2' }],
  ])('%s the start is refused, with one message that names what to set', async (_, env) => {
    const said = await start(env);
    expect(server).toBeUndefined();
    expect(said).toContain('There is no model provider. Set OPENAI_API_KEY, or OPENAI_BASE_URL');
    expect(said).toContain('or set DEMO=on');
    expect(said).not.toMatch(/\n\s+at |node_not_ready/);
    expect(said.match(/There is no model provider/g)).toHaveLength(1);
  });

  it.each([
    ['DEMO=on', { ...PRODUCTION, DEMO: 'on' }],
    ['no production', FAST],
  ])('with %s it answers, and the start and /health/ready say so', async (_, env) => {
    await start(env);
    const { url = '', process: child } = server ?? {};
    await child?.waitForLine(/Provider: demo: offline, no language model/);
    expect((await getJson(`${url}/health/ready`)).json).toEqual({ status: 'ok', demo: true });
    const messages = [{ role: 'user', content: 'Hello' }];
    const stream = await openStream(`${url}/v1/chat/completions`, { model: 'chat', stream: true, messages });
    const [chunk] = assertCompletion(await stream.collect(), { finish: 'stop' });
    expect(chunk?.system_fingerprint).toBe('millrace-demo');
  });

  it('with a provider it does not answer, and /health/ready does not name it', async () => {
    await start({ ...PRODUCTION, DEMO: 'on', OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' });
    await server?.process.waitForLine(/Provider: openai: .* at 127\.0\.0\.1:1/);
    expect((await getJson(`${server?.url}/health/ready`)).json).toEqual({ status: 'ok' });
  });
});
