import { tool } from '@langchain/core/tools';
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai';
import { z } from 'zod';
import { Bench } from './app.js';
import { NetworkWatch } from './network-watch.js';

/** A tool that LangChain runs. */
export const add = tool(({ a, b }: { a: number; b: number }) => String(a + b), {
  name: 'add',
  description: 'Adds two numbers',
  schema: z.object({ a: z.number(), b: z.number() }),
});

/** LangChain as a client of the application. It must connect to no other host. */
export class LangChainClient {
  private constructor(
    readonly bench: Bench,
    private readonly network: NetworkWatch,
    private readonly fields: ChatOpenAIFields,
  ) {}

  /** @param fields more options of its models */
  static async start(fields: ChatOpenAIFields = {}): Promise<LangChainClient> {
    // With these variables, LangChain would send reports to LangSmith.
    for (const name of ['LANGSMITH_TRACING', 'LANGSMITH_TRACING_V2', 'LANGCHAIN_TRACING', 'LANGCHAIN_TRACING_V2']) {
      process.env[name] = 'false';
    }
    const network = NetworkWatch.start();
    return new LangChainClient(await Bench.start(), network, fields);
  }

  makeModel(name: string): ChatOpenAI {
    const configuration = { baseURL: this.bench.app.baseUrl };
    return new ChatOpenAI({ model: name, apiKey: 'any', maxRetries: 0, configuration, ...this.fields });
  }

  async close(): Promise<void> {
    await this.bench.close();
    this.network.stop();
  }
}
