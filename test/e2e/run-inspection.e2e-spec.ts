import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { agent } from '../../src/workflow/index.js';
import { scriptCalls, weather, WeatherTool } from '../fixtures/weather-agents.js';
import { beginResponse, callResponse, followResponse, retrieve } from '../support/background-client.js';
import { Bench, makeWiredModule } from '../support/bench.js';
import { getJson, type HttpResponse, postJson } from '../support/http-client.js';
import { createResponse } from '../support/responses-client.js';
import { askRun, beginRun, callRun, endRun, readRun, runUrl } from '../support/runs-client.js';
import { errorBody, httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

/** The fields of an inspected step that these tests read. */
interface Step {
  readonly node: string;
  readonly status: string;
  readonly events: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}
interface Inspection {
  readonly id: string;
  readonly steps: readonly Step[];
  readonly [field: string]: unknown;
}

const writer = agent({
  instructions: 'You write one line.',
  model: ['openai/gpt-4o-mini', 'openai/gpt-4.1-mini'],
  tools: [WeatherTool],
  retries: 0,
});
const judge = agent({ instructions: 'Judge it.' });

describe('the inside of a run', () => {
  let bench: Bench;
  afterEach(async () => {
    await bench.close();
    weather.reset();
  });

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    const module = makeWiredModule((flow, { messages }) => {
      const line = flow.stream(writer, { messages }, { key: 'write' });
      return flow.ask(judge, { messages, line } as never, { key: 'judge' });
    }, WeatherTool);
    bench = await Bench.start({ env: { RUNS_INSPECT: 'on', UPSTREAM_MAX_RETRIES: '0', ...env }, imports: [module] });
  };
  const inspect = async (id: string, headers = {}): Promise<Inspection> => {
    const { status, text, json } = await getJson(runUrl(bench.app, `${id}/inspection`), headers);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return json as Inspection;
  };
  const refuse = async (id: string, headers = {}): Promise<unknown> => {
    const { status, json } = await getJson(runUrl(bench.app, `${id}/inspection`), headers);
    return [status, (json as { error: { code: string } }).error.code];
  };
  const ask = (headers = {}, content = 'What is it like in Oslo?'): Promise<HttpResponse> =>
    postJson(bench.app.chatUrl, { model: 'test', temperature: 0.5, messages: [{ role: 'user', content }] }, headers);
  const readId = ({ json }: HttpResponse): string => (json as { id: string }).id;

  it('shows the inputs and outputs of all steps, models and tools of a completion, with causes, times, tokens and cost', async () => {
    await start();
    bench.upstream
      .next(httpError(503, errorBody('out of order')))
      .next(scriptCalls(['weather', '{"city":"Oslo"}']))
      .next(scriptStream('Rain.', { usage: tokens(1_000, 100) }))
      .next(scriptStream('Good.', { usage: tokens(3, 4) }));
    const { steps: told, ...run } = await inspect(readId(await ask()));
    expect(run).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'run.inspection',
      model: 'test',
      status: 'completed',
      truncated: false,
      // The cost of all three outputs; the judge called the default model.
      cost: { usd: 0.00059225 },
    });
    const reason = expect.stringContaining('503');
    const modelCall = {
      outcome: 'stop',
      answered_by: expect.any(String),
      output: 'Rain.',
      usage: { prompt_tokens: 1_000 },
      cost: { usd: 0.00056, prices: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/) },
    };
    const write = {
      node: 'write',
      visible: true,
      status: 'completed',
      input: { messages: [{ role: 'user', content: 'What is it like in Oslo?' }] },
      output: 'Rain.',
      events: [
        { type: 'model-call', model: 'gpt-4o-mini', failure: reason },
        { type: 'note', name: 'fallback', data: { to: { provider: 'openai', model: 'gpt-4.1-mini' }, reason } },
        {
          type: 'model-call',
          provider: 'openai',
          model: 'gpt-4.1-mini',
          messages: [{ role: 'system', content: 'You write one line.' }, { role: 'user' }],
          parameters: { temperature: 0.5, tools: [{ function: { name: 'weather' } }] },
          output: { tool_calls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] },
        },
        { type: 'tool', name: 'weather', input: { city: 'Oslo' }, level: 'DEFAULT' },
        modelCall,
      ],
    };
    expect(told).toMatchObject([write, { node: 'judge', visible: false, output: 'Good.' }]);
    const laterCall = told[0]?.events[4];
    const { started_at: began, first_token_at: first, ended_at: done } = laterCall as Record<string, number>;
    expect(began).toBeLessThanOrEqual(first ?? 0);
    expect(first).toBeLessThanOrEqual(done ?? 0);
  });

  it('counts with configured prices', async () => {
    await start({ MODEL_PRICES: 'openai/gpt-4o-mini=10:20' });
    bench.upstream.next(scriptStream('Rain.', { usage: tokens(1_000, 100) })).next(scriptStream('Good.'));
    const {
      steps: [write],
    } = await inspect(readId(await ask()));
    expect(write?.['cost']).toEqual({ usd: 0.012, prices: 'configuration' });
  });

  it('exists while the run continues, outlives its process, and is removed with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-inside-'));
    await start({ RUNS_DIR: folder });
    const hold = steps.gate();
    bench.upstream.next(scriptStream(['Ra', hold, 'in.'])).next(scriptStream('Good.'));
    const { id } = await beginRun(bench.app, { model: 'test' });
    await hold.reached;
    const [step] = (await inspect(id)).steps;
    expect(step).toMatchObject({ status: 'running', ended_at: null, events: [{ type: 'model-call', ended_at: null }] });
    hold.open();
    await endRun(bench.app, id);
    const inside = { status: 'completed', steps: [{ output: 'Rain.' }, { output: 'Good.' }] };
    expect(await inspect(id)).toMatchObject(inside);
    await bench.close();
    await start({ RUNS_DIR: folder });
    expect(await inspect(id)).toMatchObject(inside);
    const { steps: told } = (await readRun(bench.app, `${id}?include=steps`)) as unknown as Inspection;
    expect(told).toMatchObject([{ node: 'write' }, { node: 'judge', output: 'Good.' }]);
    expect((await callRun(bench.app, 'DELETE', id)).status).toBe(200);
    expect(await refuse(id)).toEqual([404, 'inspection_not_found']);
    await rm(folder, { recursive: true });
  });

  it('has room of its own, so that it pushes out no stored response; it is removed with its response', async () => {
    await start({ RESPONSES_MAX_BYTES: '256kb' });
    bench.upstream.always(scriptStream('Good.'));
    const { id: kept } = await createResponse(bench.app, { model: 'test' });
    for (let run = 0; run < 4; run++) {
      const { id } = await beginRun(bench.app, { model: 'test', input: 'x'.repeat(20_000) });
      await endRun(bench.app, id);
      await inspect(id);
    }
    await retrieve(bench.app, kept);
    const { id: inBackground } = await beginResponse(bench.app, { model: 'test' });
    await followResponse(bench.app, inBackground);
    for (const id of [kept, inBackground]) {
      await inspect(id);
      expect((await callResponse(bench.app, 'DELETE', id)).status).toBe(200);
      expect(await refuse(id)).toEqual([404, 'inspection_not_found']);
    }
  });

  it('keeps what ran before a failure', async () => {
    await start();
    bench.upstream
      .next(scriptStream('Rain.'))
      .next(httpError(401, errorBody('Incorrect API key provided: sk-wrong12345678')));
    const { id } = await beginRun(bench.app, { model: 'test' });
    await endRun(bench.app, id);
    const inspection = await inspect(id);
    expect(inspection).toMatchObject({
      status: 'failed',
      steps: [
        { status: 'completed', output: 'Rain.' },
        { status: 'failed', error: { code: expect.any(String) } },
      ],
    });
    expect(JSON.stringify(inspection)).not.toContain('sk-wrong12345678');
  });

  it('is visible only to the key that asked, if it may look, and holds no secrets', async () => {
    await start({ ...KEYS, RUNS_INSPECT: 'key-1' });
    bench.upstream.always(scriptStream('Good.'));
    const secret = ['ghp', 'a1'.repeat(18)].join('_');
    const id = readId(await ask(ANN, `My token is ${secret}`));
    const inspection = await inspect(id, ANN);
    expect(JSON.stringify(inspection)).toContain('My token is [redacted]');
    expect(JSON.stringify(inspection)).not.toContain(secret);
    expect(await refuse(id, BOB)).toEqual([400, 'inspection_disabled']);
    const other = readId(await ask(BOB));
    expect(await refuse(other, ANN)).toEqual([404, 'inspection_not_found']);
  });

  it('shows how an agent was changed for one run', async () => {
    await start();
    bench.upstream.always(scriptStream('Good.'));
    const change = { write: { instructions: 'Rhyme.', model: 'openai/gpt-4.1-nano' } };
    const readCall = async (body: object): Promise<unknown> => {
      const { id } = await beginRun(bench.app, { model: 'test', ...body });
      await endRun(bench.app, id);
      return (await inspect(id)).steps[0]?.events[0];
    };
    expect(await readCall({ overrides: change })).toMatchObject({
      model: 'gpt-4.1-nano',
      messages: [{ role: 'system', content: 'Rhyme.' }, { role: 'user' }],
    });
    expect(await readCall({})).toMatchObject({
      model: 'gpt-4o-mini',
      messages: [{ role: 'system', content: 'You write one line.' }, { role: 'user' }],
    });
    for (const overrides of [{ nobody: {} }, { write: { tools: [] } }, { write: 'x' }, { write: { model: '' } }, []]) {
      const { status, json } = await askRun(bench.app, { model: 'test', overrides });
      expect([status, json]).toMatchObject([400, { error: { param: 'overrides' } }]);
    }
    const { id } = await beginRun(bench.app, { model: 'test', overrides: { write: { model: 'nobody/x' } } });
    expect(await endRun(bench.app, id)).toMatchObject({ status: 'failed', error: { code: 'invalid_value' } });
  });

  it('is bounded: a run that holds more than a megabyte is cut, and says so', async () => {
    await start();
    weather.behave = () => ({ long: 'x'.repeat(200_000) });
    const calls = scriptCalls(['weather', '{"city":"Oslo"}'], ['weather', '{"city":"Rome"}']);
    for (let round = 0; round < 5; round++) bench.upstream.next(calls);
    bench.upstream.always(scriptStream('Good.'));
    const inspection = await inspect(readId(await ask()));
    expect(JSON.stringify(inspection).length).toBeLessThan(1_300_000);
    expect(inspection).toMatchObject({ status: 'completed', truncated: true });
  });
});

describe('a server that nobody may look into', () => {
  it('records nothing, says how that is changed, and lets nobody change its agents', async () => {
    const bench = await Bench.start({ env: { NODE_ENV: 'production', RUNS_INSPECT: '', OPENAI_API_KEY: 'k' } });
    try {
      bench.upstream.always(scriptStream('Hello'));
      const { id } = await beginRun(bench.app);
      await endRun(bench.app, id);
      const { status, json } = await getJson(runUrl(bench.app, `${id}/inspection`));
      expect([status, (json as { error: { code: string; message: string } }).error]).toMatchObject([
        400,
        { code: 'inspection_disabled', message: expect.stringContaining('RUNS_INSPECT') },
      ]);
      const changed = await askRun(bench.app, { overrides: { answer: { instructions: 'Obey me.' } } });
      expect([changed.status, changed.json]).toMatchObject([400, { error: { code: 'overrides_disabled' } }]);
    } finally {
      await bench.close();
    }
  });
});
