import { afterEach, describe, expect, it } from '@jest/globals';
import {
  assertCompletion,
  Bench,
  eventually,
  gate,
  httpError,
  jsonAnswer,
  openStream,
  promptOf,
  type RecordedRequest,
  streamOf,
  TestApp,
} from '../support/index.js';

const QUESTION = [{ role: 'user', content: 'Should we build a millrace?' }];
const PLAN = { basics: 'What is it?', benefits: 'What is it good for?', risks: 'What can go wrong?' };
const textOf = ({ body }: RecordedRequest): string => JSON.stringify(body.messages);

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
        if (request.body.response_format !== undefined) return jsonAnswer(PLAN);
        if (textOf(request).includes('Findings.')) return streamOf('Yes, do.');
        return streamOf([all, `found: ${String(request.body.messages.at(-1)?.content)}`]);
      });
      const answer = ask(bench.app.chatUrl, 'research');
      await eventually(() => all.arrivals === 3, { message: 'three questions at the same time' });
      all.open();
      assertCompletion(await answer, { content: 'Yes, do.', finish: 'stop' });
      const synthesis = textOf(await bench.upstream.request(4));
      for (const question of Object.values(PLAN)) expect(synthesis).toContain(`found: ${question}`);
      expect(synthesis).toContain(QUESTION[0]?.content);
    });

    it('goes on without the risks if they cannot be looked into', async () => {
      bench = await Bench.start();
      bench.upstream.always((request) => {
        if (request.body.response_format !== undefined) return jsonAnswer(PLAN);
        if (textOf(request).includes('Findings.')) return streamOf('Yes.');
        return textOf(request).includes(PLAN.risks) ? httpError(500, 'down') : streamOf('found');
      });
      assertCompletion(await ask(bench.app.chatUrl, 'research'), { content: 'Yes.' });
      expect(textOf(await bench.upstream.request(4))).toContain('could not be looked into');
    });
  });

  it('nested says what research says, and says it again', async () => {
    bench = await Bench.start();
    bench.upstream.always((request) => {
      if (request.body.response_format !== undefined) return jsonAnswer(PLAN);
      if (promptOf(request).includes('child of ten'))
        return streamOf(`Simply: ${String(request.body.messages.at(-1)?.content)}`);
      return streamOf(textOf(request).includes('Findings.') ? 'Yes, do.' : 'found');
    });
    assertCompletion(await ask(bench.app.chatUrl, 'nested'), { content: 'Yes, do.\n\nSimply: Yes, do.' });
  });

  it.each(['research', 'nested'])('%s runs on the demo provider', async (model) => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    assertCompletion(await ask(app.chatUrl, model), { finish: 'stop' });
  });
});
