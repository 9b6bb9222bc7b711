import type { ServerResponse } from 'node:http';
import { ForbiddenError, type MillraceError, ModelNotFoundError, type Outcome, readOutcome } from '../errors/index.js';
import type { Metrics, StreamMetrics } from '../metrics/index.js';
import type { Usage } from '../models/index.js';
import type { RunEnding, RequestWatch } from '../runs/index.js';

/** Why a request failed. */
export interface RequestFailure {
  /** The code of the error that the client got, or its type if it has no code. */
  readonly code: string;
  /** The step that failed; undefined if none did, or there is only one. */
  readonly node: string | undefined;
}

/** What becomes known about one request, for the access log and the metrics. */
export class RequestRecord implements RequestWatch {
  readonly #metrics: Pick<Metrics, 'measureStream'>;
  #workflow: string | undefined;
  #streamed: boolean | undefined;
  #stream: StreamMetrics | undefined;
  #outcome: Outcome | undefined;
  #usage: Usage | undefined;
  #unreportedTokens: number | undefined;
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

  /** Whether the response is a stream; undefined for requests that ask for no workflow. */
  get streamed(): boolean | undefined {
    return this.#streamed;
  }

  /** Milliseconds until the first token was written; undefined if none was, or the response was not a stream. */
  get firstTokenMs(): number | undefined {
    return this.#stream?.firstTokenMs;
  }

  /** How the request ended for the server; undefined for responses without a run or error. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Tokens that the upstreams of the run reported; undefined if they reported none. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Tokens that no upstream reported, by estimate; undefined if there are none, or they were not estimated. */
  get unreportedTokens(): number | undefined {
    return this.#unreportedTokens;
  }

  /** Undefined if nothing has failed. */
  get failure(): RequestFailure | undefined {
    return this.#failure;
  }

  /** The id of its run, or of the one that it is about; undefined if there is none. */
  get runId(): string | undefined {
    return this.#runId;
  }

  /** True if a run was started for it, however that ended. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Node events, as JSON, for the response that says how the run failed. Empty unless the client asked for them. */
  get events(): readonly string[] {
    return this.#events;
  }

  /** Sets the workflow that the request asks for. */
  setWorkflow(workflow: string, streamed: boolean): void {
    this.#workflow = workflow;
    this.#streamed = streamed;
  }

  /**
   * Begins a streamed response.
   * @returns measures what is written of it
   */
  openStream(): StreamMetrics {
    this.#stream = this.#metrics.measureStream(this.#workflow ?? 'unknown', this.startedAt);
    return this.#stream;
  }

  /** Begins the run: the request is not settled before {@link endRun} is called. */
  beginRun(runId: string): void {
    this.#runId = runId;
    this.#isRunning = true;
    this.#hasRun = true;
  }

  /** Sets the id of a run that the request is about and that does not end with it. */
  setRun(runId: string): void {
    this.#runId = runId;
  }

  endRun(outcome: Outcome, { usage, unreportedTokens, error, node }: RunEnding): void {
    this.#unreportedTokens = unreportedTokens;
    this.#outcome = outcome;
    this.#usage = usage;
    if (error !== undefined) this.#failure = { code: error.code ?? error.type, node };
    this.#isRunning = false;
    const onSettled = this.#onSettled;
    this.#onSettled = undefined;
    onSettled?.();
  }

  /** Keeps node events of a run that failed before they could be streamed. */
  setEvents(events: readonly string[]): void {
    this.#events = events;
  }

  /** Sets the error with which the request was refused or its run failed. */
  setFailure(error: MillraceError): void {
    this.#outcome = readOutcome(error);
    this.#failure ??= { code: error.code ?? error.type, node: undefined };
    if (error instanceof ModelNotFoundError && !(error instanceof ForbiddenError)) this.#workflow = 'unknown';
  }

  /**
   * Sets the failure of the earlier request whose response is repeated.
   * @param failure undefined: it did not fail
   */
  setReplayedFailure(failure: RequestFailure | undefined): void {
    this.#failure = failure;
  }

  /**
   * Calls back once no run is open, at once if none is. When a client leaves, its run continues until it has been
   * ended.
   */
  callWhenSettled(callback: () => void): void {
    if (this.#isRunning) this.#onSettled = callback;
    else callback();
  }
}

/**
 * On a response: its record. Not a `WeakMap`, whose values V8 keeps, with everything that they refer to, until the next
 * major collection.
 */
const RECORD = Symbol('record');

interface RecordedResponse extends ServerResponse {
  [RECORD]?: RequestRecord;
}

/** Begins the record of the request that this response belongs to. */
export function beginRecord(
  response: ServerResponse,
  startedAt: number,
  metrics: Pick<Metrics, 'measureStream'>,
): RequestRecord {
  const record = new RequestRecord(startedAt, metrics);
  (response as RecordedResponse)[RECORD] = record;
  return record;
}

/**
 * Finds the record of the request that this response belongs to.
 * @throws Error if none was begun: the access log must come before everything else
 */
export function findRecord(response: ServerResponse): RequestRecord {
  const record = (response as RecordedResponse)[RECORD];
  if (record === undefined) throw new Error('This response has no access record. Register the route through Doors.');
  return record;
}
