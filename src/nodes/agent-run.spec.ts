import { expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { Cancellation } from '../kernel/index.js';
import { type ChatModel, ModelProviders } from '../models/index.js';
import type { Delta } from '../streaming/index.js';
import { type AgentEvent, TaskContext } from '../workflow/index.js';
import { planAgent } from './agent-plan.js';
import { AgentRunner } from './agent-runner.js';

const MESSAGES = [{ role: 'user' as const, content: 'Tell me a story' }];

/** Ignores the abort of its call. */
const deaf: ChatModel = {
  async *stream(_call, controls) {
    controls.noteUsage({ prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 });
    yield [{ type: 'content', text: 'Once upon a time there was a king' }];
    yield [{ type: 'content', text: ' who had a daughter' }];
    return { finishReason: 'stop' };
  },
};

/** Reports its usage as it grows. */
const counting: ChatModel = {
  async *stream(_call, controls) {
    controls.noteUsage({ prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 });
    yield [{ type: 'content', text: 'Once upon a time' }];
    controls.noteUsage({ prompt_tokens: 4, completion_tokens: 7, total_tokens: 11 });
    return { finishReason: 'stop' };
  },
};

/** An agent with this model, and the events that it emits. */
function openAgent(chat: ChatModel): {
  readonly batches: AsyncGenerator<readonly Delta[], void, void>;
  readonly told: readonly AgentEvent[];
  readonly signal: Cancellation;
} {
  const providers = new ModelProviders({ openai: { chat, defaultModel: 'm', description: '' } });
  const told: AgentEvent[] = [];
  let last = 0;
  const signal = new Cancellation();
  const context = TaskContext.makeWithin(signal, {
    request: { model: 'm', messages: MESSAGES, parameters: {} },
    clock: new FakeClock(),
    estimatesTokens: true,
    events: { wantsContent: false, emit: (event) => told.push(event), takeNumber: () => ++last },
  });
  const agent = new AgentRunner(planAgent({}, { providers }));
  const batches = agent.runStream({ messages: MESSAGES }, context)[Symbol.asyncIterator]();
  return { batches, told, signal };
}

it('reports the end of a call once, with the last usage of its model', async () => {
  const { batches, told, signal } = openAgent(counting);
  while ((await batches.next()).done !== true) continue;
  await batches.return();
  signal.abort(new Error('too late'));
  expect(told.filter(({ type }) => type === 'model-call-finished')).toEqual([
    {
      type: 'model-call-finished',
      call: 1,
      outcome: 'stop',
      usage: { prompt_tokens: 4, completion_tokens: 7, total_tokens: 11 },
    },
  ]);
});

it('reports the usage of an open call once when its run is aborted, even if its reader never comes back', async () => {
  const { batches, told, signal } = openAgent(deaf);
  await batches.next();
  signal.abort(new Error('the client has gone'));
  const finished = told.filter(({ type }) => type === 'model-call-finished');
  expect(finished).toEqual([
    {
      type: 'model-call-finished',
      call: 1,
      outcome: 'aborted',
      usage: { prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 },
      unreportedTokens: expect.any(Number),
    },
  ]);
  await batches.return();
  expect(told.filter(({ type }) => type === 'model-call-finished')).toEqual(finished);
  expect(told.map(({ type }) => type)).toEqual(['model-call-started', 'model-call-first-token', 'model-call-finished']);
});
