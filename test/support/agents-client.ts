import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import { Bench } from './app.js';
import { NetworkWatch } from './network-watch.js';

const add = tool({
  name: 'add',
  description: 'Adds two numbers',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => String(a + b),
});

/** An agent of the client, and one with a tool that the client runs. */
export const chat = new Agent({ name: 'Chat', instructions: 'Be brief.', model: 'chat' });
export const calculator = chat.clone({ name: 'Calculator', tools: [add] });

/** The OpenAI Agents SDK as a client of the application. It must connect to no other host. */
export class AgentsClient {
  private constructor(
    readonly bench: Bench,
    readonly runner: Runner,
    private readonly network: NetworkWatch,
  ) {}

  /** @param useResponses false: it speaks the protocol of chat completions */
  static async start(useResponses: boolean): Promise<AgentsClient> {
    // By default the SDK sends traces to OpenAI.
    setTracingDisabled(true);
    const network = NetworkWatch.start();
    const bench = await Bench.start();
    const openAIClient = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
    const modelProvider = new OpenAIProvider({ openAIClient, useResponses });
    return new AgentsClient(bench, new Runner({ modelProvider, tracingDisabled: true }), network);
  }

  async close(): Promise<void> {
    await this.bench.close();
    this.network.stop();
  }
}
