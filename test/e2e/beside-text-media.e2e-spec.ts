import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { AgentStreamingNode } from '../../src/nodes/index.js';
import { agent, type Deltas, type TaskContext } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { assertCompletion, assertErrorEnded, readChunks } from '../support/chunks.js';
import { CompletionBench } from '../support/completion-bench.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { delta, done, end, finish, role, type Step, text } from '../support/upstream/steps.js';
import { assertValidError } from '../support/wire-schema.js';
import { type ConversationInput, SpeakNode, makeWiredModule, type Wire } from '../support/workflow-kit.js';
import { PICTURE, SPOKEN } from '../support/media.js';

const scriptAudio = (id: string, ...words: readonly string[]): Step[] => [
  role(),
  delta({ audio: { id } }),
  ...words.flatMap((transcript) => [delta({ audio: { transcript } }), delta({ audio: { data: 'AA==' } })]),
  delta({ audio: { expires_at: 1_900_000_000 } }),
];

@Injectable()
class AloudNode extends AgentStreamingNode<ConversationInput, string> {
  readonly agentConfig = agent({ forward: ['sampling', 'modalities'] });
  async *process(input: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

@Injectable()
class OpenAINode extends AgentStreamingNode<ConversationInput, string> {
  readonly agentConfig = agent({
    model: 'azure_openai/gpt-audio',
    forward: ['modalities'],
  });
  async *process(input: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

describe('what a completion holds besides text', () => {
  let bench: CompletionBench;
  afterEach(() => bench.close());
  const start = async (wire?: Wire, env: Readonly<Record<string, string>> = {}): Promise<void> => {
    const imports = wire === undefined ? [] : [makeWiredModule(wire, AloudNode, OpenAINode, SpeakNode)];
    bench = await CompletionBench.start({ env, imports });
  };

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
      const streamed = (await bench.streamDeltas(request)).filter((piece) => 'images' in piece);
      expect(streamed).toEqual([{ images: [{ ...PICTURE, index: 0 }] }, { images: [{ ...PICTURE, index: 1 }] }]);
      expect(await bench.completeMessage(request)).toMatchObject({
        content: 'Here:',
        images: [
          { ...PICTURE, index: 0 },
          { ...PICTURE, index: 1 },
        ],
      });
      expect((await bench.upstream.request(0)).body).toMatchObject(request);
    });

    it('reach the client from the parts of the content as well', async () => {
      await start();
      bench.upstream.next([
        role(),
        delta({ content: [{ type: 'text', text: 'Here:' }, PICTURE] }),
        finish('stop'),
        done(),
      ]);
      expect(await bench.completeMessage()).toMatchObject({ content: 'Here:', images: [PICTURE] });
    });

    it('are a completion even without text', async () => {
      await start();
      bench.upstream.next([role(), delta({ content: '', images: [PICTURE] }), finish('stop'), done()]);
      expect((await bench.streamDeltas()).filter((piece) => 'images' in piece)).toHaveLength(1);
    });

    it.each([
      ['UPSTREAM_ANSWER_LIMIT', 'upstream_answer_too_large'],
      ['RUN_ANSWER_LIMIT', 'answer_too_large'],
    ])('count towards %s', async (setting, code) => {
      await start(undefined, { UPSTREAM_ANSWER_LIMIT: '64kb', [setting]: '16kb' });
      const large = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(20_000)}` } };
      bench.upstream.next([role(), text('Here:'), delta({ images: [large] }), end()]);
      expect(assertErrorEnded(await bench.stream()).code).toBe(code);
    });
  });

  describe('sound', () => {
    const whole = { id: 'audio_1', data: 'AAA=', transcript: 'Hello there.', expires_at: 1_900_000_000 };

    it('reaches the client in its pieces, also without a finish_reason', async () => {
      await start();
      bench.upstream.next([...scriptAudio('audio_1', 'Hello ', 'there.'), done()]);
      const items = await bench.stream(SPOKEN);
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

    it('continues even if each piece has an expiry', async () => {
      await start();
      const piece = (transcript: string) =>
        delta({ audio: { id: 'audio_1', transcript, data: 'AAAA', expires_at: 1_900_000_000 } });
      bench.upstream.next([role(), piece('Hello '), piece('there.'), end()]);
      expect(assertErrorEnded(await bench.stream(SPOKEN)).code).toBe('upstream_bad_answer');
      bench.upstream.next([role(), piece('Hello '), piece('there.'), finish('stop'), done()]);
      expect((await bench.streamDeltas(SPOKEN)).filter((each) => 'audio' in each)).toEqual([
        { audio: { id: 'audio_1', transcript: 'Hello ', data: 'AAAA', expires_at: 1_900_000_000 } },
        { audio: { transcript: 'there.', data: 'AAAA' } },
      ]);
    });

    it('reaches a client that does not stream as one, as valid base64', async () => {
      await start();
      bench.upstream.next([...scriptAudio('audio_1', 'Hello ', 'there.'), finish('stop'), done()]);
      expect(await bench.completeMessage(SPOKEN)).toEqual({
        role: 'assistant',
        content: null,
        refusal: null,
        audio: whole,
      });
    });

    it('reaches a client that puts the chunks together with the SDK', async () => {
      await start();
      const padless = scriptAudio('audio_1', 'Hello there.').map((step) =>
        step.kind === 'delta' && 'data' in ((step.delta['audio'] as object | undefined) ?? {})
          ? delta({ audio: { id: 'audio_1', data: 'AAAA' } })
          : step,
      );
      bench.upstream.next([...padless, finish('stop'), done()]);
      const final = await bench
        .makeClient()
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
        upstream.always([...scriptAudio('audio_1', 'Hello there.'), finish('stop'), done()]);
        const wav = { ...SPOKEN, audio: { voice: 'alloy', format: 'wav' } };
        const spoken = { ...whole, data: 'AA==' };
        expect(await bench.completeMessage({ model: 'test', ...wav })).toMatchObject({ content: null, audio: spoken });
        expect(await bench.streamDeltas({ model: 'test', ...wav })).toContainEqual({ audio: spoken });
        await bench.completeMessage({ model: 'test', ...SPOKEN });
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
        .next([...scriptAudio('audio_1', 'Hello ', 'there.'), finish('stop'), done()])
        .next([...scriptAudio('audio_2', 'And ', 'bye.'), finish('stop'), done()]);
      expect(await bench.completeMessage({ model: 'test', ...SPOKEN })).toMatchObject({
        content: 'And bye.',
        audio: whole,
      });
    });

    it('is recorded in a trace as its words and size', async () => {
      const tracer = new RecordingTracer();
      bench = await CompletionBench.start({ tracer });
      bench.upstream.next([...scriptAudio('audio_1', 'Hello there.'), finish('stop'), done()]);
      await bench.completeMessage(SPOKEN);
      expect(JSON.stringify(tracer.traces)).toContain(
        JSON.stringify({ data: '<base64, about 3 bytes>', transcript: 'Hello there.' }),
      );
    });

    it('of a step reaches the steps after it as words', async () => {
      await start((flow, { messages }) => {
        const said = flow.node(AloudNode, { messages });
        return flow.node(SpeakNode, { messages, prompt: said });
      });
      bench.upstream
        .next([...scriptAudio('audio_1', 'Hello there.'), finish('stop'), done()])
        .next(scriptStream('Done.'));
      await bench.completeMessage({ model: 'test', ...SPOKEN });
      expect(bench.upstream.requests[1]?.body.messages[0]).toMatchObject({ content: 'Hello there.' });
    });

    it('is referred to by its id in the next request, or by its words where the id is not known', async () => {
      await start();
      bench.upstream.next(scriptStream('ok')).next(scriptStream('ok'));
      const said = { role: 'assistant', content: null, refusal: null };
      const bye = { role: 'user', content: 'Bye' };
      await bench.completeMessage({ messages: [...HELLO, { ...said, audio: { id: 'audio_1' } }, bye] });
      await bench.completeMessage({ messages: [...HELLO, { ...said, audio: whole }, bye] });
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
