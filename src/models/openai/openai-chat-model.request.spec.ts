import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ModelBench } from '../../../test/support/model-bench.js';
import { scriptStream } from '../../../test/support/upstream/scripts.js';

const VARIABLES = {
  OPENAI_API_KEY: 'sk-from-the-environment',
  OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
  OPENAI_ORG_ID: 'org-from-the-environment',
  OPENAI_PROJECT_ID: 'proj-from-the-environment',
  OPENAI_LOG: 'debug',
};

describe('OpenAIChatModel asking', () => {
  let bench: ModelBench;

  beforeEach(async () => {
    bench = await ModelBench.start();
    bench.upstream.always(scriptStream('a'));
  });
  afterEach(async () => {
    await bench.close();
  });

  it('asks for a stream with usage, and passes on parameters unchanged', async () => {
    const parameters = { temperature: 0, stop: ['x'], top_k: 5, response_format: { type: 'json_object' }, user: '' };
    await bench.call(parameters).toEnd();
    expect(bench.upstream.requests[0]?.body).toEqual({
      ...parameters,
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('lets no parameter override its own', async () => {
    await bench.call({ model: 'other', messages: [], stream: false, stream_options: null }).toEnd();
    expect(bench.upstream.requests[0]?.body).toMatchObject({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('sends its own key', async () => {
    await bench.call().toEnd();
    expect(bench.upstream.requests[0]?.headers.authorization).toBe('Bearer sk-bench');
  });

  it('takes nothing from the environment, not even where it has no setting', async () => {
    const before = { ...process.env };
    Object.assign(process.env, VARIABLES);
    const plain = await ModelBench.start({ apiKey: undefined });
    plain.upstream.always(scriptStream('a'));
    try {
      await plain.call().toEnd();
      const { headers } = plain.upstream.requests[0] ?? {};
      expect(JSON.stringify(headers)).not.toContain('from-the-environment');
      expect(headers?.authorization).toBe('Bearer none');
    } finally {
      for (const name of Object.keys(VARIABLES)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      await plain.close();
    }
  });

  it('keeps parallel calls apart', async () => {
    bench.upstream.always((request) => scriptStream(`reply ${String(request.body['user'])}`));
    const calls = Array.from({ length: 20 }, (_, i) => bench.call({ user: `u${i}` }));
    await Promise.all(calls.map((call) => call.toEnd()));
    expect(calls.map((call) => call.text())).toEqual(calls.map((_, i) => `reply u${i}`));
  });
});
