import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, type AgentInputItem, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import { City, REPLY, ULM } from '../fixtures/structured-outputs.js';
import { AgentsClient, calculator, chat } from '../support/agents-client.js';
import { Bench } from '../support/bench.js';
import { BodyWatch } from '../support/conversations.js';
import { catchRejection } from '../support/checks.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

describe('the OpenAI Agents SDK as a client of responses', () => {
  let client: AgentsClient;
  let bench: Bench;
  let runner: Runner;
  beforeEach(async () => {
    client = await AgentsClient.start(true);
    ({ bench, runner } = client);
  });
  afterEach(() => client.close());

  it('runs an agent, with usage', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const result = await runner.run(chat, 'Hello');
    expect(result.finalOutput).toBe('Hello there.');
    expect(result.state.usage).toMatchObject({ requests: 1, inputTokens: 3, outputTokens: 4, totalTokens: 7 });
    expect((await bench.upstream.request(0)).body.messages).toMatchObject([
      { content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
  });

  it('streams an agent, and takes the last step for its output', async () => {
    bench.upstream.next(scriptStream('Hello there.')).next(scriptCompletion(REPLY));
    const result = await runner.run(chat.clone({ model: 'streaming' }), 'Hello', { stream: true });
    let said = '';
    for await (const piece of result.toTextStream()) said += piece;
    expect(said).toBe(`Hello there.\n\n${JSON.stringify(REPLY)}`);
    expect(result.finalOutput).toBe(`\n\n${JSON.stringify(REPLY)}`);
  });

  it('gives the agent an output of its own type', async () => {
    bench.upstream.next(scriptCompletion(ULM));
    const surveyor = new Agent({ name: 'Surveyor', model: 'chat', outputType: City });
    expect((await runner.run(surveyor, 'Hello')).finalOutput).toEqual(ULM);
  });

  it('answers what a workflow waits for by a tool of its own', async () => {
    bench.upstream.next(scriptStream('A draft.')).next(scriptStream('It goes out.'));
    const shown: unknown[] = [];
    const approve = tool({
      name: 'approve',
      description: 'Asks me',
      parameters: z.object({ draft: z.string() }),
      execute: (draft) => {
        shown.push(draft);
        return { approved: true };
      },
    });
    const announcer = new Agent({ name: 'Announcer', model: 'approval', tools: [approve] });
    expect((await runner.run(announcer, 'The picnic')).finalOutput).toBe('It goes out.');
    expect(shown).toEqual([{ draft: 'A draft.' }]);
  });

  it('gets errors before the response begins, with their status', async () => {
    bench.upstream.next(steps.httpError(429, steps.errorBody('slow')));
    expect(await catchRejection(runner.run(chat, 'Hello'))).toBeInstanceOf(OpenAI.RateLimitError);
    const lost = await catchRejection(runner.run(chat.clone({ model: 'nope' }), 'Hello'));
    expect(lost).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('gets the text so far, and then the error with its words', async () => {
    bench.upstream.next([steps.role(), steps.text('Once upon'), steps.reset()]);
    const result = await runner.run(chat, 'Hello', { stream: true });
    let said = '';
    const read = async (): Promise<void> => {
      for await (const event of result) {
        if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
          said += event.data.delta;
      }
    };
    const error = await catchRejection(read());
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect((error as Error).message).toContain('model provider broke');
    expect(said).toBe('Once upon');
  });

  describe.each([false, true])('streamed: %s', (stream) => {
    const run = async (input: string | AgentInputItem[], previousResponseId?: string) => {
      const options = previousResponseId === undefined ? {} : { previousResponseId };
      if (!stream) return runner.run(calculator, input, options);
      const streamed = await runner.run(calculator, input, { ...options, stream: true });
      await streamed.completed;
      return streamed;
    };
    beforeEach(() => {
      bench.upstream
        .next([steps.reasoning('I need to add.'), ...scriptToolCalls('call_1', 'add', { a: 2, b: 3 })])
        .next(scriptStream('It is 5.'))
        .next(scriptStream('It was 5.'));
    });

    it('completes a loop with a tool over several turns, with its history', async () => {
      const sent = new BodyWatch(bench.app.nest.getHttpServer());
      const first = await run('How much is 2 + 3?');
      expect(first.finalOutput).toBe('It is 5.');
      const second = await run([...first.history, { role: 'user', content: 'What was it?' }]);
      expect(second.finalOutput).toBe('It was 5.');
      if (stream) sent.expectFixture('agents-items');
      await expectConversation();
    });

    it('completes one with the response before', async () => {
      const sent = new BodyWatch(bench.app.nest.getHttpServer());
      const first = await run('How much is 2 + 3?');
      const second = await run('What was it?', first.lastResponseId);
      expect([first.finalOutput, second.finalOutput]).toEqual(['It is 5.', 'It was 5.']);
      if (stream) sent.expectFixture('agents-chained');
      await expectConversation();
    });
  });

  async function expectConversation(): Promise<void> {
    expect((await bench.upstream.request(2)).body.messages).toMatchObject([
      { content: 'Be brief.' },
      { role: 'user', content: 'How much is 2 + 3?' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'add' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
      { role: 'assistant', content: 'It is 5.' },
      { role: 'user', content: 'What was it?' },
    ]);
  }
});
