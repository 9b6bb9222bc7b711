import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../kernel/index.js';
import type { ModelName } from '../models/index.js';
import { TokenHistogram } from './token-histogram.js';

/** Upper bounds in seconds: from a local model to one that thinks for a minute. */
const FIRST_TOKEN = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Upper bounds in seconds: from tokens that follow at once to a model that pauses to think. */
const BETWEEN_TOKENS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Upper bounds in seconds, up to the default of RUN_TIMEOUT_MS. */
const WHOLE = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Upper bounds in seconds: from a disk at hand to a database that is hardly there. */
const COMMIT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const PAUSE = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/**
 * Every metric of the product itself. Values of labels come from definitions, the configuration and fixed lists, never from
 * what a client or an upstream says.
 */
export class Instruments {
  readonly registry = new Registry();

  readonly requests = this.#makeCounter(
    'millrace_requests_total',
    'HTTP requests answered, except probes. workflow is "none" where none was asked for, "unknown" where it does not exist.',
    ['workflow', 'outcome', 'stream'],
  );
  readonly requestDuration = this.#makeHistogram(
    'millrace_request_duration_seconds',
    'From the arrival of a request to the last byte of its response, or until the client left.',
    ['workflow', 'stream'],
    WHOLE,
  );

  readonly openStreams = this.#makeGauge('millrace_open_streams', 'Streamed responses whose run is not over.', [
    'workflow',
  ]);
  readonly firstToken = this.#makeHistogram(
    'millrace_time_to_first_token_seconds',
    'Streamed responses: from the arrival of the request until the first token was written to the client.',
    ['workflow'],
    FIRST_TOKEN,
  );
  readonly betweenTokens = new TokenHistogram({
    name: 'millrace_time_between_tokens_seconds',
    help: 'Streamed responses: between two writes with tokens. Tokens that come close together share one write.',
    labelName: 'workflow',
    buckets: BETWEEN_TOKENS,
    registry: this.registry,
  });
  readonly heartbeats = this.#makeCounter(
    'millrace_heartbeats_total',
    'Comments sent to keep streams alive while there was nothing to send.',
    ['workflow'],
  );
  readonly pausedStreams = this.#makeGauge(
    'millrace_paused_streams',
    'Streamed responses that wait because their client does not keep up.',
    ['workflow'],
  );
  readonly pauses = this.#makeHistogram(
    'millrace_slow_client_pause_seconds',
    'How long streamed responses waited for clients that did not keep up.',
    ['workflow'],
    PAUSE,
  );

  readonly openRuns = this.#makeGauge('millrace_open_runs', 'Runs that have started and not ended.', ['workflow']);
  readonly runDuration = this.#makeHistogram(
    'millrace_run_duration_seconds',
    'Runs of workflows, for all callers.',
    ['workflow', 'outcome'],
    WHOLE,
  );
  readonly resumptions = this.#makeCounter(
    'millrace_run_resumptions_total',
    'Background runs that continued after their process had ended.',
    ['workflow'],
  );
  readonly runRetries = this.#makeCounter(
    'millrace_run_retries_total',
    'Logged runs that have failed and are tried again, as their workflows ask.',
    ['workflow'],
  );
  readonly commitDuration = this.#makeHistogram(
    'millrace_run_commit_duration_seconds',
    'Commits into the logs of runs: each stores the events that all runs of the process had meanwhile.',
    [],
    COMMIT,
  );
  readonly fencedCommits = this.#makeCounter(
    'millrace_fenced_commits_total',
    'Events of runs that the store refused: another process has the run, or it was removed.',
    [],
  );
  readonly logBytes = this.#makeCounter(
    'millrace_run_log_bytes_total',
    'Bytes of events written into the logs of runs.',
    [],
  );
  readonly nodeDuration = this.#makeHistogram(
    'millrace_node_duration_seconds',
    'Steps, also those that are nested workflows. outcome: ok, error, recovered (a substitute took its place) or aborted.',
    ['workflow', 'node', 'outcome'],
    WHOLE,
  );

  readonly calls = this.#makeCounter('millrace_model_calls_total', 'Calls of models, by how they ended.', [
    'workflow',
    'provider',
    'model',
    'outcome',
  ]);
  readonly callDuration = this.#makeHistogram(
    'millrace_model_call_duration_seconds',
    'Calls of models, from the request to the end of the completion, with all retries of their requests.',
    ['provider', 'model'],
    WHOLE,
  );
  readonly callFirstToken = this.#makeHistogram(
    'millrace_model_first_token_seconds',
    'From the request to a model until its first token.',
    ['provider', 'model'],
    FIRST_TOKEN,
  );
  readonly retries = this.#makeCounter(
    'millrace_model_retries_total',
    'Further tries after a failure. by: "request" within a call, "agent" as a call of its own.',
    ['provider', 'model', 'by'],
  );
  readonly fallbacks = this.#makeCounter(
    'millrace_model_fallbacks_total',
    'Times an agent gave up this model and called its next one.',
    ['provider', 'model'],
  );
  readonly tokens = this.#makeCounter(
    'millrace_tokens_total',
    'Tokens that model providers counted. kind: input, output; cached_input is a part of input, reasoning one of output.',
    ['workflow', 'provider', 'model', 'kind'],
  );

  readonly #preparedCalls = new Set<string>();

  constructor() {
    this.#showBuild();
  }

  /** Creates the series of an outcome that an alert watches: Prometheus sees no growth in a series that begins at 1. */
  prepareCalls(workflow: string, { provider, model }: ModelName): void {
    const key = `${workflow} ${provider} ${model}`;
    if (this.#preparedCalls.has(key)) return;
    this.#preparedCalls.add(key);
    this.calls.inc({ workflow, provider, model, outcome: 'upstream_quota' }, 0);
  }

  /** The build is the same in all processes of one server, so the highest value is shown and not the sum. */
  #showBuild(): void {
    const build = new Gauge({
      name: 'millrace_build_info',
      help: 'Always 1; version is that of this server, node that of Node.js.',
      labelNames: ['version', 'node'],
      aggregator: 'max',
      registers: [this.registry],
    });
    build.set({ version: VERSION, node: process.versions.node }, 1);
  }

  #makeCounter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #makeGauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #makeHistogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }
}
