import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { IsString } from 'class-validator';
import OpenAI from 'openai';
import { AgentNode, AgentStreamingNode } from '../../src/nodes/index.js';
import {
  agent,
  AgentTool,
  type ChatRefs,
  type Deltas,
  type Flow,
  type Ref,
  type TaskContext,
  Workflow,
} from '../../src/workflow/index.js';
import { Bench, TestApp } from '../support/app.js';
import { assertCompletion, assertErrorEnded, readChunks } from '../support/chunks.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { openStream } from '../support/sse-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { delta, done, end, finish, role, type Step, text } from '../support/upstream/steps.js';
import { assertValidCompletion, assertValidError } from '../support/wire-schema.js';
import { type Conversation, SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

const SPOKEN = { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'pcm16' } };
const PICTURE = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };

const speaking = (id: string, ...words: readonly string[]): Step[] => [
  role(),
  delta({ audio: { id } }),
  ...words.flatMap((transcript) => [delta({ audio: { transcript } }), delta({ audio: { data: 'AA==' } })]),
  delta({ audio: { expires_at: 1_900_000_000 } }),
];

const MODEL = {} as const;

class Reply {
  @IsString()
  readonly reply: string;
}

@Injectable()
class SilentNode extends AgentNode<Conversation, string> {
  readonly agentConfig = agent({ ...MODEL, forward: ['sampling', 'modalities'] });
  process(input: Conversation, context: TaskContext): Promise<string> {
    return this.agent.run(input, context);
  }
}

@Injectable()
class AloudNode extends AgentStreamingNode<Conversation, string> {
  readonly agentConfig = agent({ ...MODEL, forward: ['sampling', 'modalities'] });
  async *process(input: Conversation, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

@Injectable()
class OpenAINode extends AgentStreamingNode<Conversation, string> {
  readonly agentConfig = agent({
    ...MODEL,
    model: 'azure_openai/gpt-audio',
    forward: ['modalities'],
  });
  async *process(input: Conversation, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

@Injectable()
class ReplyNode extends AgentStreamingNode<Conversation, Reply> {
  readonly agentConfig = agent({ output: Reply });
  async *process(input: Conversation, context: TaskContext): AsyncGenerator<Deltas, Reply, void> {
    return yield* this.streamStructuredDeltas(this.agent.runStream(input, context), { reply: 'content' });
  }
}

@Injectable()
class ClockTool extends AgentTool<void, string> {
  readonly name = 'clock';
  readonly description = 'Tells the time';
  readonly argsType = undefined;
  execute(): string {
    return 'noon';
  }
}

@Injectable()
class ClockNode extends AgentStreamingNode<Conversation, string> {
  readonly agentConfig = agent({ ...MODEL, tools: [ClockTool] });
  async *process(input: Conversation, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

type Wire = (flow: Flow, request: ChatRefs) => Ref<unknown>;

function workflowOf(wire: Wire): Type<unknown> {
  @Workflow({ id: 'test', description: 'Of the test' })
  class TestWorkflow {
    define(flow: Flow, request: ChatRefs): Ref<unknown> {
      return wire(flow, request);
    }
  }
  return makeWorkflowsModule(
    TestWorkflow,
    SilentNode,
    AloudNode,
    OpenAINode,
    ReplyNode,
    ClockNode,
    ClockTool,
    SpeakNode,
  );
}

describe('what an answer holds beside text', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const start = async (wire?: Wire, env: Readonly<Record<string, string>> = {}): Promise<void> => {
    bench = await Bench.start({ env, ...(wire !== undefined && { imports: [workflowOf(wire)] }) });
  };
  const stream = async (body: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    (
      await openStream(bench.app.chatUrl, { model: 'chat', stream: true, messages: HELLO, ...body }, { headers })
    ).collect();
  const pieces = async (body: object = {}) =>
    assertCompletion(await stream(body)).flatMap(({ choices }) => choices.map((choice) => choice.delta));
  const complete = async (body: object = {}) => {
    const { json } = await postJson(bench.app.chatUrl, { model: 'chat', messages: HELLO, ...body });
    assertValidCompletion(json);
    return json.choices[0]?.message;
  };
  const client = () => new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });

  describe('images', () => {
    it('reach the client, streamed and not, each whole', async () => {
      await start();
      const other = { ...PICTURE, index: 0 };
      bench.upstream.always([
        role(),
        text('Here:'),
        delta({ images: [PICTURE] }),
        delta({ images: [other] }),
        finish('stop'),
        done(),
      ]);
      const request = { modalities: ['image', 'text'], image_config: { aspect_ratio: '1:1' } };
      const streamed = (await pieces(request)).filter((piece) => 'images' in piece);
      expect(streamed).toEqual([{ images: [{ ...PICTURE, index: 0 }] }, { images: [{ ...PICTURE, index: 1 }] }]);
      expect(await complete(request)).toMatchObject({
        content: 'Here:',
        images: [
          { ...PICTURE, index: 0 },
          { ...PICTURE, index: 1 },
        ],
      });
      expect((await bench.upstream.request(0)).body).toMatchObject(request);
    });

    it('reach it from the parts of the content as well', async () => {
      await start();
      bench.upstream.next([
        role(),
        delta({ content: [{ type: 'text', text: 'Here:' }, PICTURE] }),
        finish('stop'),
        done(),
      ]);
      expect(await complete()).toMatchObject({ content: 'Here:', images: [PICTURE] });
    });

    it('are an answer of their own', async () => {
      await start();
      bench.upstream.next([role(), delta({ content: '', images: [PICTURE] }), finish('stop'), done()]);
      expect((await pieces()).filter((piece) => 'images' in piece)).toHaveLength(1);
    });

    it.each([
      ['UPSTREAM_ANSWER_LIMIT', 'upstream_answer_too_large'],
      ['RUN_ANSWER_LIMIT', 'answer_too_large'],
    ])('count for %s', async (setting, code) => {
      await start(undefined, { UPSTREAM_ANSWER_LIMIT: '64kb', [setting]: '16kb' });
      const large = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(20_000)}` } };
      bench.upstream.next([role(), text('Here:'), delta({ images: [large] }), end()]);
      expect(assertErrorEnded(await stream()).code).toBe(code);
    });
  });

  describe('sound', () => {
    const whole = { id: 'audio_1', data: 'AAA=', transcript: 'Hello there.', expires_at: 1_900_000_000 };

    it('reaches the client in its pieces, also without a finish_reason', async () => {
      await start();
      bench.upstream.next([...speaking('audio_1', 'Hello ', 'there.'), done()]);
      const items = await stream(SPOKEN);
      assertCompletion(items, { content: '', finish: 'stop' });
      expect(
        readChunks(items).flatMap(({ choices }) => (choices[0]?.delta as { audio?: object } | undefined)?.audio ?? []),
      ).toEqual([
        { id: 'audio_1' },
        { transcript: 'Hello ' },
        { data: 'AA==' },
        { transcript: 'there.' },
        { data: 'AA==' },
        { expires_at: 1_900_000_000 },
      ]);
      expect((await bench.upstream.request(0)).body).toMatchObject(SPOKEN);
    });

    it('goes on while an expiry comes with each piece', async () => {
      await start();
      const piece = (transcript: string) =>
        delta({ audio: { id: 'audio_1', transcript, data: 'AAAA', expires_at: 1_900_000_000 } });
      bench.upstream.next([role(), piece('Hello '), piece('there.'), end()]);
      expect(assertErrorEnded(await stream(SPOKEN)).code).toBe('upstream_bad_answer');
      bench.upstream.next([role(), piece('Hello '), piece('there.'), finish('stop'), done()]);
      expect((await pieces(SPOKEN)).filter((each) => 'audio' in each)).toEqual([
        { audio: { id: 'audio_1', transcript: 'Hello ', data: 'AAAA', expires_at: 1_900_000_000 } },
        { audio: { transcript: 'there.', data: 'AAAA' } },
      ]);
    });

    it('reaches a client that does not stream as one, as valid base64', async () => {
      await start();
      bench.upstream.next([...speaking('audio_1', 'Hello ', 'there.'), finish('stop'), done()]);
      expect(await complete(SPOKEN)).toEqual({ role: 'assistant', content: null, refusal: null, audio: whole });
    });

    it('reaches a client that puts the chunks together with the SDK', async () => {
      await start();
      const padless = speaking('audio_1', 'Hello there.').map((step) =>
        step.kind === 'delta' && 'data' in ((step.delta['audio'] as object | undefined) ?? {})
          ? delta({ audio: { id: 'audio_1', data: 'AAAA' } })
          : step,
      );
      bench.upstream.next([...padless, finish('stop'), done()]);
      const final = await client()
        .chat.completions.stream({
          model: 'chat',
          messages: [{ role: 'user', content: 'Hello' }],
          modalities: ['text', 'audio'],
          audio: { voice: 'alloy', format: 'pcm16' },
        })
        .finalChatCompletion();
      expect(final.choices[0]?.message.audio).toEqual({ ...whole, data: 'AAAA' });
    });

    it('in a format that OpenAI does not stream is asked for in one piece', async () => {
      const upstream = await ScriptedUpstream.start();
      try {
        await start((flow, { messages }) => flow.node(OpenAINode, { messages }), {
          AZURE_OPENAI_API_KEY: 'azure-key',
          AZURE_OPENAI_BASE_URL: upstream.url,
        });
        upstream.always([...speaking('audio_1', 'Hello there.'), finish('stop'), done()]);
        const wav = { ...SPOKEN, audio: { voice: 'alloy', format: 'wav' } };
        const spoken = { ...whole, data: 'AA==' };
        expect(await complete({ model: 'test', ...wav })).toMatchObject({ content: null, audio: spoken });
        expect(await pieces({ model: 'test', ...wav })).toContainEqual({ audio: spoken });
        await complete({ model: 'test', ...SPOKEN });
        expect(upstream.requests.map(({ body }) => body.stream)).toEqual([false, false, true]);
      } finally {
        await upstream.close();
      }
    });

    it('comes from one step: what another one speaks is sent as text', async () => {
      await start((flow, { messages }) => {
        const first = flow.node(AloudNode, { messages }, { key: 'first' });
        return flow.node(AloudNode, { messages }, { key: 'second', after: [first] });
      });
      bench.upstream
        .next([...speaking('audio_1', 'Hello ', 'there.'), finish('stop'), done()])
        .next([...speaking('audio_2', 'And ', 'bye.'), finish('stop'), done()]);
      expect(await complete({ model: 'test', ...SPOKEN })).toMatchObject({ content: 'And bye.', audio: whole });
    });

    it('stands in a trace by its words and size', async () => {
      const tracer = new RecordingTracer();
      bench = await Bench.start({ tracer });
      bench.upstream.next([...speaking('audio_1', 'Hello there.'), finish('stop'), done()]);
      await complete(SPOKEN);
      expect(JSON.stringify(tracer.traces)).toContain(
        JSON.stringify({ data: '<base64, about 3 bytes>', transcript: 'Hello there.' }),
      );
    });

    it('of a step is its words for the steps after it', async () => {
      await start((flow, { messages }) => {
        const said = flow.node(AloudNode, { messages });
        return flow.node(SpeakNode, { messages, prompt: said });
      });
      bench.upstream.next([...speaking('audio_1', 'Hello there.'), finish('stop'), done()]).next(scriptStream('Done.'));
      await complete({ model: 'test', ...SPOKEN });
      expect(bench.upstream.requests[1]?.body.messages[0]).toMatchObject({ content: 'Hello there.' });
    });

    it('is referred to by its id in the next request, or by its words where the id is not known', async () => {
      await start();
      bench.upstream.next(scriptStream('ok')).next(scriptStream('ok'));
      const said = { role: 'assistant', content: null, refusal: null };
      const bye = { role: 'user', content: 'Bye' };
      await complete({ messages: [...HELLO, { ...said, audio: { id: 'audio_1' } }, bye] });
      await complete({ messages: [...HELLO, { ...said, audio: whole }, bye] });
      const referring = [...HELLO, { role: 'assistant', content: null, audio: { id: 'audio_1' } }, bye];
      expect(bench.upstream.requests.map(({ body }) => body.messages)).toEqual([referring, referring]);
    });

    it('is refused by the demo, which only writes', async () => {
      const app = await TestApp.start();
      try {
        const { status, json } = await postJson(app.chatUrl, { model: 'chat', messages: HELLO, ...SPOKEN });
        assertValidError(json);
        expect([status, json.error.param, json.error.code]).toEqual([400, 'modalities', 'unsupported_value']);
      } finally {
        await app.close();
      }
      await start();
    });
  });
});
