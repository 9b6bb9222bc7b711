import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { makeParseableResponseFormat } from 'openai/lib/parser';
import OpenAIv4 from 'openai-v4';
import { makeParseableResponseFormat as makeParseableResponseFormatV4 } from 'openai-v4/lib/parser';
import OpenAIv5 from 'openai-v5';
import { makeParseableResponseFormat as makeParseableResponseFormatV5 } from 'openai-v5/lib/parser';
import { Bench } from '../support/bench.js';
import { NetworkWatch } from '../support/network-watch.js';
import { catchRejection } from '../support/checks.js';
import { scriptCompletion, scriptStream, scriptToolCalls, steps, tokens } from '../support/upstream/index.js';

/** The parts of the SDK that these tests use, in the form that all its versions have. */
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

type Format = OpenAI.ResponseFormatJSONSchema;
type Options = { signal: AbortSignal };
type Message = { role: 'user'; content: string };
type Body = {
  model: string;
  messages: Message[];
  stream_options?: { include_usage: boolean };
  response_format?: Format;
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

const CITY_FORMAT: Format = {
  type: 'json_schema',
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

/** The versions of the SDK. Older ones are aliases in package.json; their optional peer, zod 3, is not used. */
const VERSIONS = [
  {
    name: '4.104.0',
    requestId: 'request_id',
    parseable: (format: Format): Format => makeParseableResponseFormatV4(format, JSON.parse),
    errors: OpenAIv4,
    connect: (baseURL: string): Sdk => {
      const { chat, beta, models } = new OpenAIv4(options(baseURL));
      return { completions: chat.completions, helpers: beta.chat.completions, models };
    },
  },
  {
    name: '5.23.2',
    requestId: 'requestID',
    parseable: (format: Format): Format => makeParseableResponseFormatV5(format, JSON.parse),
    errors: OpenAIv5,
    connect: (baseURL: string): Sdk => {
      const { chat, models } = new OpenAIv5(options(baseURL));
      return { completions: chat.completions, helpers: chat.completions, models };
    },
  },
  {
    name: '6.49.0',
    requestId: 'requestID',
    parseable: (format: Format): Format => makeParseableResponseFormat(format, JSON.parse),
    errors: OpenAI,
    connect: (baseURL: string): Sdk => {
      const { chat, models } = new OpenAI(options(baseURL));
      return { completions: chat.completions, helpers: chat.completions, models };
    },
  },
];

const messages: Message[] = [{ role: 'user', content: 'Hello' }];

describe.each(VERSIONS)('the openai SDK $name as a client', ({ errors, requestId, parseable, connect }) => {
  let network: NetworkWatch;
  let bench: Bench;
  let sdk: Sdk;
  beforeEach(async () => {
    network = NetworkWatch.start();
    bench = await Bench.start();
    sdk = connect(bench.app.baseUrl);
  });
  afterEach(async () => {
    await bench.close();
    network.stop();
  });

  it('creates a completion', async () => {
    bench.upstream.next(scriptStream('Hello there.', { usage: tokens(3, 4) }));
    const completion = await sdk.completions.create({ model: 'chat', messages });
    expect(completion.choices[0]).toMatchObject({ message: { content: 'Hello there.' }, finish_reason: 'stop' });
    expect(completion.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 });
    expect(completion._request_id).toMatch(/^req_/);
  });

  it('iterates a stream, with usage at its end', async () => {
    bench.upstream.next(scriptStream('Hello there, you.', { usage: tokens(3, 4) }));
    const stream = await sdk.completions.create({
      model: 'chat',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: Chunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello there, you.');
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 7 } });
  });

  it('gets reasoning beside the text, under both of its names', async () => {
    bench.upstream
      .next([
        steps.role(),
        steps.reasoning('Let me'),
        steps.reasoning(' think.'),
        steps.text('Hello.'),
        steps.finish('stop'),
        steps.done(),
      ])
      .next([
        steps.role(),
        steps.reasoning('Let me think.', 'reasoning'),
        steps.text('Hello.'),
        steps.finish('stop'),
        steps.done(),
      ]);
    const seen = { reasoning_content: '', reasoning: '', content: '' };
    for await (const { choices } of await sdk.completions.create({ model: 'chat', messages, stream: true })) {
      const delta: Partial<typeof seen> = { ...choices[0]?.delta, content: choices[0]?.delta.content ?? '' };
      for (const name of ['reasoning_content', 'reasoning', 'content'] as const) seen[name] += delta[name] ?? '';
    }
    const whole = { reasoning_content: 'Let me think.', reasoning: 'Let me think.', content: 'Hello.' };
    expect(seen).toEqual(whole);
    const completion = await sdk.completions.create({ model: 'chat', messages });
    expect(completion.choices[0]?.message).toMatchObject(whole);
  });

  it('follows the .stream() helper to its final completion', async () => {
    bench.upstream.next(scriptStream('Hello there, you.', { usage: tokens(3, 4) }));
    const deltas: string[] = [];
    const final = await sdk.helpers
      .stream({ model: 'chat', messages, stream_options: { include_usage: true } })
      .on('content', (delta) => deltas.push(delta))
      .finalChatCompletion();
    expect(deltas.join('')).toBe('Hello there, you.');
    expect(final.choices[0]).toMatchObject({ message: { content: 'Hello there, you.' }, finish_reason: 'stop' });
    expect(final.usage?.total_tokens).toBe(7);
  });

  it('parses structured outputs, whole and streamed', async () => {
    bench.upstream.next(scriptCompletion(ULM)).next(scriptCompletion(ULM));
    const body: Body = { model: 'chat', messages, response_format: parseable(CITY_FORMAT) };
    expect((await sdk.helpers.parse(body)).choices[0]?.message.parsed).toEqual(ULM);
    expect((await sdk.helpers.stream(body).finalChatCompletion()).choices[0]?.message.parsed).toEqual(ULM);
    expect((await bench.upstream.request(1)).body.response_format).toEqual(CITY_FORMAT);
  });

  it('gets a refusal in place of a structured output', async () => {
    bench.upstream.always([
      steps.role(),
      steps.refusal('I can'),
      steps.refusal('not.'),
      steps.finish('stop'),
      steps.done(),
    ]);
    const body: Body = { model: 'chat', messages, response_format: CITY_FORMAT };
    const refused = { message: { refusal: 'I cannot.', parsed: null } };
    expect((await sdk.helpers.parse(body)).choices[0]).toMatchObject(refused);
    expect((await sdk.helpers.stream(body).finalChatCompletion()).choices[0]).toMatchObject(refused);
  });

  it.each([true, false])('runs its own tools through the server, with stream: %p', async (stream) => {
    bench.upstream.next(scriptToolCalls('call_1', 'add', { a: 2, b: 3 })).next(scriptStream('It is 5.'));
    const body: ToolsBody = { model: 'chat', messages, tools: [ADD] };
    const runner = stream ? sdk.helpers.runTools({ ...body, stream }) : sdk.helpers.runTools(body);
    expect(await runner.finalContent()).toBe('It is 5.');
    const { messages: sent } = (await bench.upstream.request(1)).body;
    expect(sent.slice(1)).toMatchObject([
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":2,"b":3}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '5' },
    ]);
  });

  it.each([true, false])('gets typed errors before the response begins, with stream: %p', async (stream) => {
    const ask = (model: string, messages: Message[]): PromiseLike<unknown> =>
      stream ? sdk.completions.create({ model, messages, stream }) : sdk.completions.create({ model, messages });
    const unknown = await catchRejection(ask('nope', messages));
    expect(unknown).toBeInstanceOf(errors.NotFoundError);
    expect(unknown).toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      [requestId]: expect.stringMatching(/^req_/),
    });
    expect(await catchRejection(ask('chat', []))).toBeInstanceOf(errors.BadRequestError);
    bench.upstream.next(steps.httpError(429, steps.errorBody('slow')));
    expect(await catchRejection(ask('chat', messages))).toBeInstanceOf(errors.RateLimitError);
    bench.upstream.always(steps.httpError(500, steps.errorBody('down'), { 'x-should-retry': 'false' }));
    expect(await catchRejection(ask('chat', messages))).toBeInstanceOf(errors.InternalServerError);
  });

  it('gets the text so far, and then the error of a stream', async () => {
    bench.upstream.always([steps.role(), steps.text('So far'), steps.chunk(steps.errorBody('boom'))]);
    const stream = await sdk.completions.create({ model: 'chat', messages, stream: true });
    let content = '';
    const reading = (async () => {
      for await (const { choices } of stream) content += choices[0]?.delta.content ?? '';
    })();
    const error = await catchRejection(reading);
    expect(error).toBeInstanceOf(errors.APIError);
    expect(error).toMatchObject({ status: undefined, code: 'upstream_error', type: 'server_error' });
    expect(content).toBe('So far');

    content = '';
    const helper = sdk.helpers.stream({ model: 'chat', messages }).on('content', (delta) => (content += delta));
    expect(await catchRejection(helper.finalChatCompletion())).toBeInstanceOf(errors.APIError);
    expect(content).toBe('So far');
  });

  it('stops the upstream by leaving the loop, by abort() and by a signal, and can send further requests', async () => {
    bench.upstream.always([steps.role(), steps.text('One'), steps.stall()]);
    const stream = await sdk.completions.create({ model: 'chat', messages, stream: true });
    for await (const { choices } of stream) if (choices[0]?.delta.content) break;
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');

    const helper = sdk.helpers.stream({ model: 'chat', messages });
    helper.on('content', () => helper.abort());
    expect(await catchRejection(helper.finalChatCompletion())).toBeInstanceOf(errors.APIUserAbortError);
    expect(await (await bench.upstream.request(1)).closed).toBe('aborted');

    const leaving = new AbortController();
    const whole = catchRejection(sdk.completions.create({ model: 'chat', messages }, { signal: leaving.signal }));
    const asked = await bench.upstream.request(2);
    leaving.abort();
    expect(await whole).toBeInstanceOf(errors.APIUserAbortError);
    expect(await asked.closed).toBe('aborted');

    expect((await sdk.models.retrieve('chat')).id).toBe('chat');
  });
});
