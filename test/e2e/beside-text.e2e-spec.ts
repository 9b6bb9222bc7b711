import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { IsString } from 'class-validator';
import { AgentNode, AgentStreamingNode } from '../../src/nodes/index.js';
import { countCharacters } from '../../src/streaming/index.js';
import { agent, AgentTool, type Deltas, type TaskContext } from '../../src/workflow/index.js';
import { assertCompletion, readChunks, readContent } from '../support/chunks.js';
import { CompletionBench } from '../support/completion-bench.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { type Script, scriptStream, tokens, scriptToolCalls } from '../support/upstream/scripts.js';
import { chunk, delta, done, finish, role, type Step, text, usage } from '../support/upstream/steps.js';
import { assertValidError } from '../support/wire-schema.js';
import { type ConversationInput, SpeakNode, makeWiredModule, type Wire } from '../support/workflow-kit.js';
import { PICTURE, SPOKEN } from '../support/media.js';

/** A citation of the words in a text, in OpenAI's form. */
function citation(words: string, said: string, url = 'https://example.com/a'): object {
  const start_index = countCharacters(said.slice(0, said.indexOf(words)));
  const end_index = start_index + countCharacters(words);
  return { type: 'url_citation', url_citation: { start_index, end_index, url, title: 'A' } };
}

interface Cited {
  readonly url_citation: { readonly start_index: number; readonly end_index: number };
}

/** The words of a text to which a citation points. */
function cutCited(content: string, annotation: unknown): string {
  const { start_index, end_index } = (annotation as Cited).url_citation;
  return [...content].slice(start_index, end_index).join('');
}

const scriptCitation = (said: string, words: string): Script => [
  role(),
  text(said),
  delta({ annotations: [citation(words, said)] }),
  finish('stop'),
  done(),
];

class Reply {
  @IsString()
  readonly reply: string;
}

@Injectable()
class SilentNode extends AgentNode<ConversationInput, string> {
  readonly agentConfig = agent({ forward: ['sampling', 'modalities'] });
  process(input: ConversationInput, context: TaskContext): Promise<string> {
    return this.agent.run(input, context);
  }
}

@Injectable()
class ReplyNode extends AgentStreamingNode<ConversationInput, Reply> {
  readonly agentConfig = agent({ output: Reply });
  async *process(input: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, Reply, void> {
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
class ClockNode extends AgentStreamingNode<ConversationInput, string> {
  readonly agentConfig = agent({ tools: [ClockTool] });
  async *process(input: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

describe('what a completion holds besides text', () => {
  let bench: CompletionBench;
  afterEach(() => bench.close());
  const start = async (wire?: Wire): Promise<void> => {
    const imports =
      wire === undefined ? [] : [makeWiredModule(wire, SilentNode, ReplyNode, ClockNode, ClockTool, SpeakNode)];
    bench = await CompletionBench.start({ imports });
  };

  describe('sources', () => {
    const SAID = 'Mills 🌊 grind.';
    const cited = citation('grind', SAID);

    it('reach the client, streamed and not', async () => {
      await start();
      bench.upstream.always(scriptCitation(SAID, 'grind'));
      const request = { web_search_options: { search_context_size: 'low' } };
      const streamed = (await bench.streamDeltas(request)).filter((piece) => 'annotations' in piece);
      expect(streamed).toEqual([{ annotations: [{ ...cited, index: 0 }] }]);
      expect(await bench.completeMessage(request)).toMatchObject({ content: SAID, annotations: [cited] });
      expect((await bench.upstream.request(0)).body).toMatchObject(request);
    });

    it('reach a client that puts the chunks together with the SDK', async () => {
      await start();
      bench.upstream.next(scriptCitation(SAID, 'grind'));
      const final = await bench
        .makeClient()
        .chat.completions.stream({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }] })
        .finalChatCompletion();
      expect(final.choices[0]?.message).toMatchObject({ content: SAID, annotations: [cited] });
    });

    it('are sent once each, whether they come after the finish_reason, beside the message or again with each chunk', async () => {
      await start();
      const other = citation('Mills', SAID, 'https://example.com/b');
      bench.upstream.always([
        role(),
        chunk({ choices: [{ index: 0, delta: { content: SAID }, annotations: [cited], finish_reason: null }] }),
        chunk({ choices: [{ index: 0, delta: { annotations: [cited, other] }, finish_reason: 'stop' }] }),
        delta({ annotations: [cited, other, citation('🌊', SAID)] }),
        usage(tokens(1, 2)),
        done(),
      ]);
      const annotations = (await bench.streamDeltas()).flatMap(
        (piece) => (piece as { annotations?: object[] }).annotations ?? [],
      );
      expect(annotations).toEqual(
        [cited, other, citation('🌊', SAID)].map((annotation, index) => ({ ...annotation, index })),
      );
    });

    it('are read where Perplexity puts them: addresses or objects beside the choices, all of them in each chunk', async () => {
      await start();
      const url = 'https://example.com/a';
      const makeAnnotation = (title: string, address = url): object => ({
        type: 'url_citation',
        url_citation: { start_index: 0, end_index: 0, url: address, title },
        index: expect.any(Number),
      });
      const say = (content: string, finish_reason: string | null, beside: object): Step =>
        chunk({ choices: [{ index: 0, delta: { content }, finish_reason }], ...beside });
      for (const [beside, expected] of [
        [
          { citations: [url, 'https://example.com/b', null] },
          [makeAnnotation(url), makeAnnotation('https://example.com/b', 'https://example.com/b')],
        ],
        [{ citations: [url], search_results: [{ title: 'A', url, date: null }] }, [makeAnnotation('A')]],
      ] as const) {
        bench.upstream.next([role(), say('Mills', null, beside), say(' grind.', 'stop', beside), done()]);
        const annotations = (await bench.streamDeltas()).flatMap(
          (piece) => (piece as { annotations?: object[] }).annotations ?? [],
        );
        expect(annotations).toEqual(expected);
      }
    });

    it('have positions that count in the content that the client reads, whatever was said or taken out before', async () => {
      await start((flow, { messages }) => {
        flow.node(SpeakNode, { messages, prompt: 'one' }, { key: 'one' });
        return flow.node(SpeakNode, { messages, prompt: 'two' }, { key: 'two' });
      });
      bench.upstream.always(({ body }) =>
        (body.messages[0] as { content: string }).content === 'one'
          ? scriptCitation('<think>Hm 🤔</think>\n\nRivers 🏞️ run.', 'run')
          : scriptCitation(SAID, 'grind'),
      );
      const items = await bench.stream({ model: 'test' });
      const annotations = readChunks(items).flatMap(
        ({ choices }) => (choices[0]?.delta as { annotations?: unknown[] } | undefined)?.annotations ?? [],
      );
      expect(readContent(items)).toBe(`Rivers 🏞️ run.\n\n${SAID}`);
      expect(annotations.map((annotation) => cutCited(readContent(items), annotation))).toEqual(['run', 'grind']);
      const whole = await bench.completeMessage({ model: 'test' });
      expect(whole?.annotations?.map((annotation) => cutCited(whole.content ?? '', annotation))).toEqual([
        'run',
        'grind',
      ]);
    });

    it('have positions that count in the content of all rounds of an agent with tools', async () => {
      await start((flow, { messages }) => flow.node(ClockNode, { messages }));
      bench.upstream
        .next([role(), text('Let me see ⏰.'), ...scriptToolCalls('call_1', 'clock', {}).slice(1)])
        .next(scriptCitation(SAID, 'grind'));
      const whole = await bench.completeMessage({ model: 'test' });
      expect(whole?.content).toBe(`Let me see ⏰.\n\n${SAID}`);
      expect(whole?.annotations?.map((annotation) => cutCited(whole.content ?? '', annotation))).toEqual(['grind']);
    });

    it('have an empty position in fields of a structured output', async () => {
      await start((flow, { messages }) => flow.node(ReplyNode, { messages }));
      const json = JSON.stringify({ reply: SAID });
      bench.upstream.next(scriptCitation(json, 'grind'));
      const whole = await bench.completeMessage({ model: 'test' });
      expect(whole?.content).toBe(SAID);
      expect(whole?.annotations?.map((annotation) => cutCited(SAID, annotation))).toEqual(['']);
    });

    it('never reach the client if their step is silent', async () => {
      await start((flow, { messages }) => {
        const found = flow.node(SilentNode, { messages });
        return flow.node(SpeakNode, { messages, prompt: found });
      });
      bench.upstream.next(scriptCitation('Found.', 'Found')).next(scriptStream('Told.'));
      expect((await bench.streamDeltas({ model: 'test' })).filter((piece) => 'annotations' in piece)).toEqual([]);
    });

    it('never reach the client from a silent step whose result is the completion', async () => {
      await start((flow, { messages }) => flow.node(SilentNode, { messages }));
      bench.upstream.next(scriptCitation('Found.', 'Found'));
      expect(await bench.completeMessage({ model: 'test' })).toEqual({
        role: 'assistant',
        content: 'Found.',
        refusal: null,
      });
    });
  });

  it('comes beside node events, which say nothing about it', async () => {
    await start();
    bench.upstream.next([
      role(),
      text('Hi'),
      delta({ images: [PICTURE] }),
      delta({ annotations: [citation('Hi', 'Hi')] }),
      delta({ audio: { id: 'audio_1', transcript: 'Hi' } }),
      finish('stop'),
      done(),
    ]);
    const items = await bench.stream({}, { 'millrace-events': 'true' });
    assertCompletion(items, { content: 'Hi', finish: 'stop' });
    const events = readChunks(items).flatMap((each) => (each as { millrace?: object }).millrace ?? []);
    expect(events.length).toBeGreaterThan(0);
    expect(JSON.stringify(events)).not.toMatch(/image_url|url_citation|audio_1/);
  });

  it('is refused by a workflow that does not hand the parameter on', async () => {
    await start((flow, { messages }) => flow.node(ReplyNode, { messages }));
    for (const [param, request] of [
      ['modalities', { modalities: ['image', 'text'] }],
      ['modalities', SPOKEN],
      ['audio', { audio: SPOKEN.audio }],
    ] as const) {
      const { status, json } = await postJson(bench.app.chatUrl, { model: 'test', messages: HELLO, ...request });
      assertValidError(json);
      expect([status, json.error.param, json.error.code]).toEqual([400, param, 'unsupported_parameter']);
    }
  });
});
