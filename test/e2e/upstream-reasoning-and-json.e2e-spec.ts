import { afterEach, describe, expect, it } from '@jest/globals';
import { IsOptional, IsString } from 'class-validator';
import { agent } from '../../src/workflow/index.js';
import { assertCompletion } from '../support/chunks.js';
import { CompletionBench } from '../support/completion-bench.js';
import { type Script, scriptStream } from '../support/upstream/scripts.js';
import { delta, done, finish, role, text } from '../support/upstream/steps.js';
import { makeAgentModule } from '../support/workflow-kit.js';

class Reply {
  @IsOptional()
  @IsString()
  readonly thinking?: string | null;

  @IsString()
  readonly reply: string;
}

const config = agent({ output: Reply });
const MODULES = [
  makeAgentModule(config, { id: 'spoken', channels: { thinking: 'reasoning', reply: 'content' } }),
  makeAgentModule(config, { id: 'silent', isVisible: false }),
];

describe('an upstream that speaks OpenAI in its own way', () => {
  let bench: CompletionBench;
  const start = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    bench = await CompletionBench.start({ imports: MODULES, env });
  };
  afterEach(() => bench.close());

  describe('has its reasoning', () => {
    const fields = (...pieces: readonly object[]): Script => [
      role(),
      ...pieces.map((piece) => delta({ ...piece })),
      text('Yes.'),
      finish('stop'),
      done(),
    ];

    it.each<[string, Script]>([
      ['in reasoning, beside an empty reasoning_content', fields({ reasoning_content: '', reasoning: 'Hm.' })],
      ['in thinking', fields({ thinking: 'Hm.' })],
      ['in reasoning_details', fields({ reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] })],
      ['in two fields', fields({ reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.' }] })],
      ['in a tag', scriptStream('<think>Hm.</think>\n\nYes.', { pieces: 9 })],
      ['in a tag, after blank lines', scriptStream('<think>\n\nHm.</think>\n\nYes.', { pieces: 12 })],
      ['in the other tag', scriptStream('\n<thinking>Hm.</thinking>Yes.', { pieces: 5 })],
    ])('%s: it reaches the client as reasoning', async (_, script) => {
      await start();
      bench.upstream.next(script).next(script);
      assertCompletion(await bench.stream(), { reasoning: 'Hm.', content: 'Yes.', finish: 'stop' });
      expect(await bench.completeMessage()).toMatchObject({ content: 'Yes.', reasoning_content: 'Hm.' });
    });

    it('nowhere if the tag is empty', async () => {
      await start();
      bench.upstream.always(scriptStream('<think>\n\n</think>\n\nYes.', { pieces: 6 }));
      assertCompletion(await bench.stream(), { reasoning: '', content: 'Yes.' });
      expect(await bench.completeMessage()).not.toHaveProperty('reasoning_content');
    });

    it('before a closing tag alone, if the setting says that its template opens the tag', async () => {
      await start({ OPENAI_REASONING_TAG: '/think' });
      bench.upstream.next(scriptStream('Hm.</think>\n\nYes.', { pieces: 4 }));
      assertCompletion(await bench.stream(), { reasoning: 'Hm.', content: 'Yes.' });
    });

    it('nowhere if the setting is `off`: the tag stays in the content', async () => {
      await start({ OPENAI_REASONING_TAG: 'off' });
      bench.upstream.next(scriptStream('<think>Hm.</think>Yes.', { pieces: 4 }));
      assertCompletion(await bench.stream(), { content: '<think>Hm.</think>Yes.' });
    });
  });

  describe('has its JSON', () => {
    const JSON_TEXT = '{"thinking": null, "reply": "Yes."}';

    it.each([
      ['in a fence', `\`\`\`json\n${JSON_TEXT}\n\`\`\``],
      ['after words that hold a brace', `Here is {the} object: ${JSON_TEXT} Bye.`],
      ['before words', `${JSON_TEXT}\nI hope that {this} helps!`],
      ['before the end of a fence', `${JSON_TEXT}\n\`\`\``],
      ['twice', `${JSON_TEXT}\n${JSON_TEXT}`],
      ['before the end token of its template', `\n${JSON_TEXT}<|im_end|>`],
      ['after its reasoning', `<think>{"a": {reply}}</think>\n${JSON_TEXT}`],
    ])('%s, though it was given a schema: the object is found', async (_, words) => {
      await start();
      bench.upstream.always(scriptStream(words, { pieces: 12 }));
      const items = await bench.stream({ model: 'spoken' });
      assertCompletion(items, { content: 'Yes.' });
      const whole = await bench.completeMessage({ model: 'silent' });
      expect(JSON.parse(whole?.content ?? '')).toEqual({ reply: 'Yes.' });
      const format = { type: 'json_schema', json_schema: { name: 'reply', schema: { type: 'object' } } };
      const asked = await bench.completeMessage({ response_format: format });
      expect(asked?.content?.trim()).toBe(JSON_TEXT);
      expect(bench.upstream.requests).toHaveLength(3);
    });

    it('in an array, where the schema says so and the provider is only asked in words', async () => {
      await start({ OPENAI_STRUCTURED_OUTPUT: 'prompt' });
      bench.upstream.next(scriptStream('As in [this]: [{"a": [1]}, 2]. [3]', { pieces: 7 }));
      const format = { type: 'json_schema', json_schema: { name: 'list', schema: { type: 'array' } } };
      expect(await bench.completeMessage({ response_format: format })).toMatchObject({ content: '[{"a": [1]}, 2]' });
      expect(JSON.stringify(bench.upstream.requests[0]?.body.messages)).toContain('exactly one JSON array');
    });
  });

  it('shows nothing for a field that is null', async () => {
    await start();
    bench.upstream.next(scriptStream(['{"thinking":', 'nu', 'll,"reply":"Yes."}']));
    const items = await bench.stream({ model: 'spoken' });
    assertCompletion(items, { content: 'Yes.', reasoning: '' });
  });
});
