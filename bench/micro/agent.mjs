import 'reflect-metadata';
import { SystemClock } from '../../dist/kernel/index.js';
import { ModelProviders } from '../../dist/models/index.js';
import { AgentStepCompiler } from '../../dist/nodes/agent-compiler.service.js';
import { AgentStreamingNode, PromptManager } from '../../dist/nodes/index.js';
import { agent as describeAgent, TaskContext } from '../../dist/workflow/index.js';
import { measureTime } from './timing.mjs';

const BATCHES = 20_000;
const ROUNDS = 15;
const WARM_UP = 5;
const BATCH = [{ type: 'content', text: 'word ' }];
const LAST = { done: true, value: { finishReason: 'stop' } };

/** A model as the adapters are: an iterator that has its batches at once. */
class ScriptedStream {
  #left = BATCHES;
  next() {
    return Promise.resolve(this.#left-- > 0 ? { done: false, value: BATCH } : LAST);
  }
  async return(value) {
    return { done: true, value };
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

const providers = new ModelProviders({
  openai: { chat: { stream: () => new ScriptedStream() }, defaultModel: 'bench', description: '' },
});
const agentConfig = describeAgent({});
const request = { model: 'bench', messages: [{ role: 'user', content: 'Hi' }], parameters: {} };
const clock = new SystemClock();
const makeContext = () => new TaskContext({ request, clock });

class Streaming extends AgentStreamingNode {
  agentConfig = agentConfig;
  async *process({ messages }, taskContext) {
    return yield* this.streamTextDeltas(this.agent.runStream({ messages }, taskContext));
  }
}

async function drain(batches) {
  for (;;) {
    const next = await batches.next();
    if (next.done) return next.value;
  }
}

/**
 * What an agent costs for each batch of a model's output, beside the model: as a node streams it, alone, and silently.
 */
export async function measureAgent({ rounds = ROUNDS } = {}) {
  const node = new Streaming(providers);
  const compiler = new AgentStepCompiler(providers, new PromptManager());
  const [streamed, silent] = [true, false].map((visible) => compiler.compile(agentConfig.config, { visible }));
  const { messages } = request;
  const common = { part: 'agent', rounds, warmUp: WARM_UP, items: BATCHES };
  return [
    await measureTime({
      ...common,
      name: 'batch that a node streams',
      call: () => drain(node.process({ messages }, makeContext())),
    }),
    await measureTime({
      ...common,
      name: 'batch streamed',
      call: () => drain(streamed.process({ messages }, makeContext())),
    }),
    await measureTime({
      ...common,
      name: 'batch of a silent output',
      call: () => silent.process({ messages }, makeContext()),
    }),
  ];
}
