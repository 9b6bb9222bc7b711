import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench, TestApp } from '../support/app.js';
import { assertCompletion } from '../support/chunks.js';
import { eventually } from '../support/eventually.js';
import { openStream } from '../support/sse-client.js';
import type { SseItem } from '../support/sse-frames.js';
import type { RecordedRequest } from '../support/upstream/recorded-request.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { gate, httpError } from '../support/upstream/steps.js';
import { readPrompt } from '../support/workflow-kit.js';

const QUESTION = [{ role: 'user', content: 'Should we build a millrace?' }];
const PLAN = { basics: 'What is it?', benefits: 'What is it good for?', risks: 'What can go wrong?' };
const lastWords = ({ body }: RecordedRequest): string => (body.messages.at(-1) as { content: string }).content;
const readText = ({ body }: RecordedRequest): string => JSON.stringify(body.messages);

describe('the example workflow', () => {
  let bench: Bench | undefined;
  let app: TestApp | undefined;
  afterEach(async () => {
    await bench?.close();
    await app?.close();
    bench = app = undefined;
  });
  const ask = async (url: string, model: string, messages: object[] = QUESTION) =>
    (await openStream(url, { model, stream: true, messages })).collect({ within: 20_000 });

  describe('research', () => {
    it('looks into three parts at the same time, and joins what it finds', async () => {
      bench = await Bench.start();
      const all = gate();
      bench.upstream.always((request) => {
        if (request.body.response_format !== undefined) return scriptCompletion(PLAN);
        if (readText(request).includes('Findings.')) return scriptStream('Yes, do.');
        return scriptStream([all, `found: ${lastWords(request)}`]);
      });
      const response = ask(bench.app.chatUrl, 'research');
      await eventually(() => all.arrivals === 3, { message: 'three questions at the same time' });
      all.open();
      assertCompletion(await response, { content: 'Yes, do.', finish: 'stop' });
      const synthesis = readText(await bench.upstream.request(4));
      for (const question of Object.values(PLAN)) expect(synthesis).toContain(`found: ${question}`);
      expect(synthesis).toContain(QUESTION[0]?.content);
    });

    it('continues without the risks if they cannot be looked into', async () => {
      bench = await Bench.start();
      bench.upstream.always((request) => {
        if (request.body.response_format !== undefined) return scriptCompletion(PLAN);
        if (readText(request).includes('Findings.')) return scriptStream('Yes.');
        return readText(request).includes(PLAN.risks) ? httpError(500, 'down') : scriptStream('found');
      });
      assertCompletion(await ask(bench.app.chatUrl, 'research'), { content: 'Yes.' });
      expect(readText(await bench.upstream.request(4))).toContain('could not be looked into');
    });
  });

  describe('customer-care', () => {
    const ticket = async (spam: boolean, intent: string): Promise<readonly SseItem[]> => {
      bench = await Bench.start();
      const both = gate();
      bench.upstream.always(({ body }) => {
        const name = (body.response_format as { json_schema?: { name: string } } | undefined)?.json_schema?.name;
        if (name === undefined) return scriptStream('Dear customer, …');
        const found =
          name === 'SpamCheck' ? { reasoning: 'r', spam } : { reasoning: 'it asks', intent, escalate: false };
        return [both, ...scriptCompletion(found)];
      });
      const response = ask(bench.app.chatUrl, 'customer-care');
      await eventually(() => both.arrivals === 2, { message: 'both calls about the ticket at the same time' });
      both.open();
      return response;
    };

    it.each([
      [true, 'invoice', 'This message was closed without an answer.'],
      [false, 'refund', 'Thank you. A colleague will look into this personally and write to you today.'],
      [
        false,
        'invoice',
        'Thank you. Your invoice question went to our accounting; they answer within two working days.',
      ],
    ])('says what happens next without a model: spam %s, %s', async (spam, intent, content) => {
      assertCompletion(await ticket(spam, intent), { content, finish: 'stop' });
      expect(bench?.upstream.requests).toHaveLength(2);
    });

    it('answers a question by its prompt file', async () => {
      assertCompletion(await ticket(false, 'product question'), { content: 'Dear customer, …' });
      const prompt = readPrompt(await (bench as Bench).upstream.request(2));
      expect(prompt).toContain('The customer has a **product question**, because: it asks');
      expect(prompt).toContain('Name the product');
    });
  });

  it('nested passes on what research says, and then says it in plain words', async () => {
    bench = await Bench.start();
    bench.upstream.always((request) => {
      if (request.body.response_format !== undefined) return scriptCompletion(PLAN);
      if (readPrompt(request).includes('child of ten')) return scriptStream(`Simply: ${lastWords(request)}`);
      return scriptStream(readText(request).includes('Findings.') ? 'Yes, do.' : 'found');
    });
    assertCompletion(await ask(bench.app.chatUrl, 'nested'), { content: 'Yes, do.\n\nSimply: Yes, do.' });
  });

  it.each(['customer-care', 'research', 'nested'])('%s runs on the demo provider', async (model) => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    assertCompletion(await ask(app.chatUrl, model), { finish: 'stop' });
  });
});
