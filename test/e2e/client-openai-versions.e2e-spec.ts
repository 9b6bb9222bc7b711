import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import OpenAIv4 from 'openai-v4';
import OpenAIv5 from 'openai-v5';
import {
  Bench,
  chunk,
  done,
  errorBody,
  finish,
  httpError,
  jsonAnswer,
  NetworkWatch,
  reasoning,
  refusal,
  role,
  stall,
  streamOf,
  text,
  tokens,
  toolCall,
} from '../support/index.js';

/** What these tests use of the SDK, in the form that all its versions have. */
interface Sdk {
  readonly completions: Completions;
  /** `client.beta.chat.completions` before version 5. */
  readonly helpers: Helpers;
  readonly models: { retrieve(id: string): PromiseLike<{ id: string }> };
}

interface Completions {
  create(body: Body & { stream: true }, options?: Options): PromiseLike<AsyncIterable<Chunk>>;
  create(body: Body, options?: Options): PromiseLike<Completion>;
}

interface Helpers {
  stream(body: Body, options?: Options): Helper;
  parse(body: Body, options?: Options): PromiseLike<Parsed>;
  runTools(body: ToolsBody & { stream: true }): Runner;
  runTools(body: ToolsBody): Runner;
}

interface Helper {
  on(event: 'content', listener: (delta: string) => void): Helper;
  abort(): void;
  finalChatCompletion(): Promise<Parsed>;
}

interface Runner {
  finalContent(): Promise<string | null>;
  totalUsage(): Promise<OpenAI.CompletionUsage>;
}

type Options = { signal: AbortSignal };
type Message = { role: 'user'; content: string };
type Body = {
  model: string;
  messages: Message[];
  stream_options?: { include_usage: boolean };
  response_format?: typeof CITY_FORMAT;
};
type ToolsBody = { model: string; messages: Message[]; tools: (typeof ADD)[] };
type Chunk = {
  choices: { delta: { content?: string | null }; finish_reason: string | null }[];
  usage?: OpenAI.CompletionUsage | null;
};
type Completion = {
  choices: { message: { content: string | null }; finish_reason: string }[];
  usage?: OpenAI.CompletionUsage;
  _request_id?: string | null;
};
type Parsed = Completion & {
  choices: { message: { content: string | null; refusal: string | null; parsed: unknown } }[];
};

const CITY_FORMAT = {
  type: 'json_schema' as const,
  json_schema: {
    name: 'city',
    strict: true,
    schema: {
      type: 'object',
      properties: { city: { type: 'string' }, population: { type: 'number' } },
      required: ['city', 'population'],
      additionalProperties: false,
    },
  },
};
const ULM = { city: 'Ulm', population: 126_000 };

const ADD = {
  type: 'function' as const,
  function: {
    name: 'add',
    description: 'Adds two numbers',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
    parse: JSON.parse as (input: string) => { a: number; b: number },
    function: ({ a, b }: { a: number; b: number }) => String(a + b),
  },
};

const options = (baseURL: string): { baseURL: string; apiKey: string; maxRetries: number } => ({
  baseURL,
  apiKey: 'any',
  maxRetries: 0,
});

const VERSIONS = [
  {
    name: '4.104.0',
    errors: OpenAIv4,
    connect: (baseURL: string): Sdk => {
      const { chat, beta, models } = new OpenAIv4(options(baseURL));
      return { completions: chat.completions, helpers: beta.chat.completions, models };
    },
  },
  {
    name: '5.23.2',
    errors: OpenAIv5,
    connect: (baseURL: string): Sdk => {
      const { chat, models } = new OpenAIv5(options(baseURL));
      return { completions: chat.completions, helpers: chat.completions, models };
    },
  },
  {
    name: '6.49.0',
    errors: OpenAI,
    connect: (baseURL: string): Sdk => {
      const { chat, models } = new OpenAI(options(baseURL));
      return { completions: chat.completions, helpers: chat.completions, models };
    },
  },
];
