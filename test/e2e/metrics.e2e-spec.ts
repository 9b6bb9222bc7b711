import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { RunService } from '../../src/runs/index.js';
import { agent } from '../../src/workflow/index.js';
import { Bench, makeAgentModule, MetricsPage } from '../support/bench.js';
import { assertValidError, eventually } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson } from '../support/client.js';
import { errorBody, httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';

const MIB = 1024 * 1024;

/** Calls one model twice, and falls back to another. */
const StubbornModule = makeAgentModule(agent({ retries: 1, model: ['openai/first', { model: 'openai/second' }] }), {
  id: 'stubborn',
});

describe('metrics', () => {
  let bench: Bench;
  afterEach(() => bench.close());
  const page = (): Promise<MetricsPage> => MetricsPage.of(bench.app.url);
  /** The page, after this number of requests has been counted. */
  const pageAfter = async (requests: number): Promise<MetricsPage> =>
    eventually(
      async () => {
        const metrics = await page();
        return metrics.sum('millrace_requests_total') === requests ? metrics : undefined;
      },
      { message: `${requests} requests to be counted` },
    );
  const outcomes = (metrics: MetricsPage): Record<string, number> =>
    Object.fromEntries(
      metrics
        .filter('millrace_requests_total')
        .filter(({ value }) => value > 0)
        .map(({ labels, value }) => [`${labels['workflow']} ${labels['outcome']} ${labels['stream']}`, value]),
    );

  it('is a page in the format of Prometheus, for GET and HEAD only', async () => {
    bench = await Bench.start();
    const response = await getJson(`${bench.app.url}/metrics`);
    expect([response.status, response.headers['content-type']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const metrics = new MetricsPage(response.text);
    for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds', 'millrace_requests_total'])
      expect(metrics.types.has(name)).toBe(true);
    expect((await fetch(`${bench.app.url}/metrics`, { method: 'HEAD' })).status).toBe(200);
    const refused = await postJson(`${bench.app.url}/metrics`, {});
    assertValidError(refused.json);
    expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET']);
  });

  it('counts every request once, by workflow and outcome, and no name that clients make up', async () => {
    bench = await Bench.start({ env: { STREAM_OPEN_GRACE_MS: '20', RUN_TIMEOUT_MS: '400' } });
    const { chatUrl, url } = bench.app;
    bench.upstream.next(scriptStream('fine'));
    await postJson(chatUrl, { model: 'chat', messages: HELLO });
    bench.upstream.next(scriptStream('fine too'));
    await (await openStream(chatUrl, { model: 'chat', stream: true, messages: HELLO })).collect();
    bench.upstream.next(scriptStream('too long', { finish: 'length' }));
    await postJson(chatUrl, { model: 'chat', messages: HELLO });
    await postJson(chatUrl, { model: 'chat', messages: [] });
    await postJson(chatUrl, '{"model":');
    await postJson(chatUrl, { model: 'made-up-by-a-client', messages: HELLO });
    await getJson(`${url}/made/up/by/a/client`);
    await getJson(`${url}/v1/models`);
    bench.upstream.next(httpError(500, errorBody('down')));
    await postJson(chatUrl, { model: 'chat', messages: HELLO });
    bench.upstream.next([steps.role(), steps.text('Never'), steps.stall()]);
    await postJson(chatUrl, { model: 'chat', messages: HELLO });
    bench.upstream.next([steps.role(), steps.text('Left'), steps.stall()]);
    const stream = await openStream(chatUrl, { model: 'chat', stream: true, messages: HELLO });
    await stream.until((item) => item.kind === 'data' && item.data.includes('Left'));
    stream.destroy();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.end('HELLO\r\n\r\n');
    await getJson(`${url}/health/live`);

    const metrics = await pageAfter(12);
    expect(outcomes(metrics)).toEqual({
      'chat stop false': 1,
      'chat stop true': 1,
      'chat length false': 1,
      // Two faulty bodies, and something that is not HTTP.
      'none invalid_request false': 3,
      'unknown unknown_model false': 1,
      'none unknown_route false': 1,
      'none ok false': 1,
      'chat upstream_error false': 1,
      'chat deadline false': 1,
      'chat client_abort true': 1,
    });
    expect(metrics.sum('millrace_request_duration_seconds_count', { workflow: 'chat' })).toBe(6);
    expect(JSON.stringify(metrics.samples)).not.toMatch(/made.up/);
  });

  describe('of a run that succeeded, one that the model refused and one that its client left', () => {
    let during: MetricsPage;
    let metrics: MetricsPage;
    beforeEach(async () => {
      bench = await Bench.start({ env: { OPENAI_MODEL: 'm-1', UPSTREAM_MAX_RETRIES: '1' } });
      const usage = tokens(11, 7, {
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 3 },
      });
      bench.upstream
        .next(httpError(503, errorBody('busy'), { 'retry-after-ms': '1' }))
        .next(scriptStream('Well', { usage }))
        .next(httpError(400, errorBody('no such thing', { type: 'invalid_request_error', code: 'made_up_upstream' })));
      await bench.ask();
      await bench.ask();
      bench.upstream.next([steps.role(), steps.text('Going'), steps.stall()]);
      const stream = await bench.open();
      await stream.until((item) => item.kind === 'data');
      during = await page();
      stream.destroy();
      metrics = await pageAfter(3);
    });

    it('show what is open, and nothing of it afterwards', () => {
      for (const name of ['millrace_open_runs', 'millrace_open_streams'])
        expect([name, during.sum(name, { workflow: 'chat' })]).toEqual([name, 1]);
      for (const name of ['millrace_open_runs', 'millrace_open_streams', 'millrace_paused_streams'])
        expect([name, metrics.sum(name)]).toEqual([name, 0]);
    });

    it('count the runs and their steps by how they ended', () => {
      const runs = (outcome: string): number => metrics.sum('millrace_run_duration_seconds_count', { outcome });
      expect([runs('stop'), runs('upstream_rejected'), runs('client_abort')]).toEqual([1, 1, 1]);
      const nodes = metrics.filter('millrace_node_duration_seconds_count', { workflow: 'chat' });
      expect(Object.fromEntries(nodes.map(({ labels, value }) => [labels['outcome'], value]))).toEqual({
        aborted: 1,
        error: 1,
        ok: 1,
      });
    });

    it('count and measure the calls of the model, and its tokens', () => {
      const model = { provider: 'openai', model: 'm-1' };
      const calls = (outcome: string): number => metrics.sum('millrace_model_calls_total', { ...model, outcome });
      expect([calls('stop'), calls('upstream_rejected'), calls('aborted')]).toEqual([1, 1, 1]);
      expect(metrics.sum('millrace_model_retries_total', { ...model, by: 'request' })).toBe(1);
      expect(metrics.sum('millrace_model_first_token_seconds_count', model)).toBe(2);
      expect(metrics.sum('millrace_model_call_duration_seconds_count', model)).toBe(3);
      const countTokens = (kind: string): number => metrics.sum('millrace_tokens_total', { ...model, kind });
      expect(['input', 'cached_input', 'output', 'reasoning'].map(countTokens)).toEqual([11, 4, 7, 3]);
    });

    it('hold no code that an upstream made up', () => {
      expect(JSON.stringify(metrics.samples)).not.toContain('made_up_upstream');
    });
  });

  it('counts retries of agents, and models that were given up', async () => {
    bench = await Bench.start({ imports: [StubbornModule] });
    const busy = httpError(503, errorBody('busy'), { 'retry-after-ms': '1' });
    bench.upstream.next(busy).next(busy).next(scriptStream('At last'));
    const { json } = await bench.ask({ model: 'stubborn' });
    expect(JSON.stringify(json)).toContain('At last');
    const metrics = await pageAfter(1);
    const first = { provider: 'openai', model: 'first' };
    expect(metrics.sum('millrace_model_retries_total', { ...first, by: 'agent' })).toBe(1);
    expect(metrics.sum('millrace_model_fallbacks_total', first)).toBe(1);
    expect(metrics.sum('millrace_model_calls_total', { ...first, outcome: 'upstream_error' })).toBe(2);
    expect(metrics.sum('millrace_model_calls_total', { model: 'second', outcome: 'stop' })).toBe(1);
  });

  it('measures the first token and the time between tokens by writes, and counts heartbeats apart', async () => {
    bench = await Bench.start({ env: { STREAM_HEARTBEAT_MS: '30', STREAM_OPEN_GRACE_MS: '20' } });
    const [first, second] = [steps.gate(), steps.gate()];
    bench.upstream.next([
      steps.role(),
      first,
      steps.text('One'),
      second,
      steps.text(' two'),
      steps.finish('stop'),
      steps.done(),
    ]);
    const stream = await bench.open();
    await stream.until(() => stream.items.length >= 2);
    const waiting = await page();
    expect(waiting.sum('millrace_time_to_first_token_seconds_count')).toBe(0);
    expect(waiting.sum('millrace_heartbeats_total', { workflow: 'chat' })).toBeGreaterThanOrEqual(2);
    first.open();
    await stream.until((item) => item.kind === 'data' && item.data.includes('One'));
    second.open();
    await stream.collect();
    const metrics = await pageAfter(1);
    expect(metrics.sum('millrace_time_to_first_token_seconds_count', { workflow: 'chat' })).toBe(1);
    expect(metrics.sum('millrace_time_to_first_token_seconds_sum', { workflow: 'chat' })).toBeGreaterThan(0.02);
    expect(metrics.sum('millrace_time_between_tokens_seconds_count', { workflow: 'chat' })).toBe(1);
  });

  it('measures how long streams wait for slow clients', async () => {
    bench = await Bench.start({ env: { RUN_ANSWER_LIMIT: '100mb', UPSTREAM_ANSWER_LIMIT: '100mb' } });
    bench.upstream.next([steps.role(), steps.flood({ bytes: 64 * MIB }), steps.finish('stop'), steps.done()]);
    const stream = await bench.open();
    await stream.until((item) => item.kind === 'data');
    stream.pause();
    await eventually(async () => (await page()).sum('millrace_paused_streams', { workflow: 'chat' }) === 1, {
      within: 15_000,
      message: 'the stream to wait for its client',
    });
    stream.destroy();
    await eventually(() => bench.app.get(RunService).openRuns === 0, { message: 'the end of the run' });
    const metrics = await pageAfter(1);
    expect(metrics.sum('millrace_paused_streams')).toBe(0);
    expect(metrics.sum('millrace_slow_client_pause_seconds_count', { workflow: 'chat' })).toBeGreaterThanOrEqual(1);
    expect(metrics.sum('millrace_slow_client_pause_seconds_sum', { workflow: 'chat' })).toBeGreaterThan(0);
  }, 60_000);

  it('does not add up what each process reports as a whole', () => {
    const expressions = [...dashboardExpressions(), ...alertExpressions()];
    const shared = expressions.filter((expression) =>
      /millrace_(queued_background_runs|due_runs|oldest_due_run_seconds)\b/.test(expression),
    );
    expect(shared.length).toBeGreaterThan(3);
    for (const expression of shared) expect(expression).toMatch(/^max\b/);
  });

  it('has every metric and label that the dashboard and the alerts ask for', async () => {
    bench = await Bench.start({ env: { UPSTREAM_MAX_RETRIES: '1' } });
    bench.upstream.next(httpError(503, errorBody('busy'), { 'retry-after-ms': '1' })).next(scriptStream('fine'));
    await (await bench.open()).collect();
    await pageAfter(1);
    const metrics = await page();
    const expressions = [...dashboardExpressions(), ...alertExpressions()];
    expect(expressions.length).toBeGreaterThan(50);
    const asked = new Set(expressions.flatMap((expression) => expression.match(METRIC) ?? []));
    const unknown = [...asked].filter((name) => !isServed(metrics, name));
    expect(unknown).toEqual([]);
    const labels = new Set(metrics.samples.flatMap((sample) => Object.keys(sample.labels)));
    // Prometheus adds the first two; the third exists only with a tracing backend.
    for (const label of ['job', 'instance', 'exporter']) labels.add(label);
    const askedLabels = new Set(expressions.flatMap(labelsIn));
    expect([...askedLabels].filter((label) => !labels.has(label))).toEqual([]);
    // Conversely, the dashboard shows every metric.
    const unseen = [...metrics.types.keys()].filter(
      (name) => name.startsWith('millrace_') && ![...asked].some((each) => readBase(each) === name),
    );
    expect(unseen).toEqual([]);
  });
});

const METRIC = /\b(?:millrace|nodejs|process)_\w+/g;

function isServed(metrics: MetricsPage, name: string): boolean {
  return metrics.types.has(name) || metrics.types.get(readBase(name)) === 'histogram';
}

function readBase(name: string): string {
  return name.replace(/_(bucket|sum|count)$/, '');
}

function labelsIn(expression: string): readonly string[] {
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
  const selected = [...expression.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, name = '']) => name);
  return [...grouped, ...selected];
}

function read(path: string): string {
  return readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
}

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

function dashboardExpressions(): readonly string[] {
  const { panels } = JSON.parse(read('grafana/dashboards/millrace.json')) as { panels: readonly Panel[] };
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary?: string; readonly description?: string };
    }[];
  }[];
}

function alertExpressions(): readonly string[] {
  const rules = (parse(read('prometheus/alerts.yml')) as Rules).groups.flatMap((group) => group.rules);
  for (const { alert, annotations } of rules) {
    expect([alert, annotations.summary, annotations.description]).toEqual([
      alert,
      expect.any(String),
      expect.any(String),
    ]);
  }
  return rules.map(({ expr }) => expr);
}
