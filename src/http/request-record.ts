import type { ServerResponse } from 'node:http';
import { ForbiddenError, type MillraceError, ModelNotFoundError, type Outcome, readOutcome } from '../errors/index.js';
import type { Metrics, StreamMetrics } from '../metrics/index.js';
import type { Usage } from '../models/index.js';
import type { RunEnding, RunRecord } from '../runs/index.js';

/** Why a request failed. */
export interface RequestFailure {
  /** What the client was told, or would have been: the error's code, or its type if it has none. */
  readonly code: string;
  /** The step that failed, if there are several; undefined if it was none. */
  readonly node: string | undefined;
}

/** What becomes known of one request on its way: for its line in the access log, and for the metrics. */
export class RequestRecord implements RunRecord {
  readonly #metrics: Pick<Metrics, 'measureStream'>;
  #workflow: string | undefined;
  #streamed: boolean | undefined;
  #stream: StreamMetrics | undefined;
  #outcome: Outcome | undefined;
  #usage: Usage | undefined;
  #untoldTokens: number | undefined;
  #failure: RequestFailure | undefined;
  #runId: string | undefined;
  #isRunning = false;
  #hasRun = false;
  #onSettled: (() => void) | undefined;
  #events: readonly string[] = [];

  /** @param startedAt when the request arrived, by the monotonic clock */
  constructor(
    readonly startedAt: number,
    metrics: Pick<Metrics, 'measureStream'>,
  ) {
    this.#metrics = metrics;
  }

  /** Id of the workflow; `unknown` if no workflow has the requested name; undefined if none was requested. */
  get workflow(): string | undefined {
    return this.#workflow;
  }

  /** Undefined for requests that ask for no workflow. */
  get streamed(): boolean | undefined {
    return this.#streamed;
  }

  /** Milliseconds until the first token was written; undefined if none was, or the answer was not streamed. */
  get firstTokenMs(): number | undefined {
    return this.#stream?.firstTokenMs;
  }

  /** How it ended, as far as the server is concerned; undefined if nobody said. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Tokens that the run's models counted; undefined if they told none. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Tokens that no upstream told, by estimate; undefined if there are none, or they were not estimated. */
  get untoldTokens(): number | undefined {
    return this.#untoldTokens;
  }

  /** Undefined if nothing has failed. */
  get failure(): RequestFailure | undefined {
    return this.#failure;
  }

  /** The id of its run, which is that of its answer; undefined if none was started. */
  get runId(): string | undefined {
    return this.#runId;
  }

  /** True if a run was started for it, however that ended. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Node events, as JSON, for the answer that says how the run failed. None unless the client asked for them. */
  get events(): readonly string[] {
    return this.#events;
  }

  /** The request asks for this workflow. */
  setWorkflow(workflow: string, streamed: boolean): void {
    this.#workflow = workflow;
    this.#streamed = streamed;
  }

  /** Its answer is streamed. @returns measures what is written of it */
  openStream(): StreamMetrics {
    this.#stream = this.#metrics.measureStream(this.#workflow ?? 'unknown', this.startedAt);
    return this.#stream;
  }

  /** Its run begins: the request is not settled before {@link endRun} is called. */
  beginRun(runId: string): void {
    this.#runId = runId;
    this.#isRunning = true;
    this.#hasRun = true;
  }

  endRun(outcome: Outcome, { usage, untoldTokens, error, node }: RunEnding): void {
    this.#untoldTokens = untoldTokens;
    this.#outcome = outcome;
    this.#usage = usage;
    if (error !== undefined) this.#failure = { code: error.code ?? error.type, node };
    this.#isRunning = false;
    this.#onSettled?.();
  }

  /** Its run failed before a stream was opened that could have carried these node events. */
  setEvents(events: readonly string[]): void {
    this.#events = events;
  }

  /** It was refused, or its run has failed. */
  setFailure(error: MillraceError): void {
    this.#outcome = readOutcome(error);
    this.#failure ??= { code: error.code ?? error.type, node: undefined };
    if (error instanceof ModelNotFoundError && !(error instanceof ForbiddenError)) this.#workflow = 'unknown';
  }

  /** It gets the answer of an earlier request. @param failure how that one failed; undefined: it did not */
  setReplayedFailure(failure: RequestFailure | undefined): void {
    this.#failure = failure;
  }

  /** Calls back once no run is open, at once if none is. When a client leaves, its run goes on until it has been ended. */
  callWhenSettled(callback: () => void): void {
    if (this.#isRunning) this.#onSettled = callback;
    else callback();
  }
}

const records = new WeakMap<ServerResponse, RequestRecord>();

/** Begins the record of the request that this response answers. */
export function beginRecord(
  response: ServerResponse,
  startedAt: number,
  metrics: Pick<Metrics, 'measureStream'>,
): RequestRecord {
  const record = new RequestRecord(startedAt, metrics);
  records.set(response, record);
  return record;
}

/**
 * The record of the request that this response answers.
 * @throws Error if none was begun: the access log must come before everything else
 */
export function findRecord(response: ServerResponse): RequestRecord {
  const record = records.get(response);
  if (record === undefined) throw new Error('The request has no record: a route outside of Doors needs one.');
  return record;
}
