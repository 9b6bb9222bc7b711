import { afterEach, describe, expect, it } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProviderBench } from '../../../../test/support/provider-bench.js';
import { tokens } from '../../../../test/support/upstream/scripts.js';
import { chunk, done, httpError, type Step } from '../../../../test/support/upstream/steps.js';

const FILTERED = { hate: { filtered: false, severity: 'safe' } };
/** Azure's first chunk has no choices but the verdict on the prompt, and others come with verdicts of their own. */
const COMPLETION: readonly Step[] = [
  chunk({ choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: [{ prompt_index: 0 }] }),
  chunk({
    choices: [{ index: 0, delta: { role: 'assistant', content: '', refusal: null }, content_filter_results: {} }],
  }),
  chunk({ model: 'gpt-x', choices: [{ index: 0, delta: { content: 'Hello' }, content_filter_results: FILTERED }] }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: tokens(5, 1) }),
  done(),
];

describe('azure_openai', () => {
  let bench: ProviderBench;

  afterEach(() => bench.close());

  it('uses the v1 API without OPENAI_API_VERSION', async () => {
    bench = await ProviderBench.start('azure_openai', '/openai/v1/chat/completions', (origin) => ({
      AZURE_OPENAI_ENDPOINT: `${origin}/`,
      AZURE_OPENAI_API_KEY: 'azure-1',
    }));
    bench.upstream.next(COMPLETION);
    const call = bench.call({ max_completion_tokens: 5 });
    expect(await call.toEnd()).toEqual({ finishReason: 'stop' });
    expect(bench.request.headers.authorization).toBe('Bearer azure-1');
    expect(bench.request.body).toMatchObject({ model: 'm', max_completion_tokens: 5 });
    expect([call.text(), call.usages.at(-1)]).toEqual(['Hello', tokens(5, 1)]);
  });

  it('uses the dated API with OPENAI_API_VERSION, and nothing of the environment', async () => {
    Object.assign(process.env, { OPENAI_BASE_URL: 'http://127.0.0.1:1', OPENAI_CUSTOM_HEADERS: 'x-env: 1' });
    const path = '/openai/deployments/m/chat/completions?api-version=2024-10-21';
    bench = await ProviderBench.start('azure_openai', path, (origin) => ({
      AZURE_OPENAI_ENDPOINT: origin,
      AZURE_OPENAI_API_KEY: 'azure-1',
      OPENAI_API_VERSION: '2024-10-21',
    }));
    delete process.env['OPENAI_BASE_URL'];
    delete process.env['OPENAI_CUSTOM_HEADERS'];
    bench.upstream.next(COMPLETION);
    const call = bench.call();
    await call.toEnd();
    expect(bench.request.headers).toMatchObject({ 'api-key': 'azure-1' });
    expect(bench.request.headers).not.toHaveProperty('authorization');
    expect(bench.request.headers).not.toHaveProperty('x-env');
    expect(call.text()).toBe('Hello');
  });

  it('shows the key of a file in the same header, and the one that it holds now', async () => {
    const file = join(tmpdir(), `millrace-azure-key-${process.pid}`);
    writeFileSync(file, 'azure-1\n');
    const path = '/openai/deployments/m/chat/completions?api-version=2024-10-21';
    bench = await ProviderBench.start('azure_openai', path, (origin) => ({
      AZURE_OPENAI_ENDPOINT: origin,
      AZURE_OPENAI_API_KEY_FILE: file,
      OPENAI_API_VERSION: '2024-10-21',
    }));
    for (const key of ['azure-1', 'azure-other']) {
      writeFileSync(file, `${key}\n`);
      bench.upstream.next(COMPLETION);
      await bench.call().toEnd();
      expect(bench.request.headers).toMatchObject({ 'api-key': key });
      expect(bench.request.headers).not.toHaveProperty('authorization');
    }
    rmSync(file);
  });

  it('reports a prompt that the filter refuses as a fault of the request', async () => {
    bench = await ProviderBench.start('azure_openai', '/openai/v1/chat/completions', (origin) => ({
      AZURE_OPENAI_ENDPOINT: origin,
      AZURE_OPENAI_API_KEY: 'azure-1',
    }));
    const error = {
      message: 'The prompt was filtered',
      type: null,
      param: 'prompt',
      code: 'content_filter',
      status: 400,
    };
    bench.upstream.next(httpError(400, { error }));
    expect(await bench.call().toFailure()).toMatchObject({ status: 400, code: 'content_filter', param: 'prompt' });
  });
});
