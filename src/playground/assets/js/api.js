/** @import { ChatRequest, Chunk, GraphJson, Inspection, ModelCard, Run, RunEvent, RunFilter } from './types.js' */
import { ApiError, BrokenStreamError } from './problem.js';
import { readEvents } from './sse-reader.js';

/** Where the server's routes begin: the page may lie behind a gateway, below a path. */
const BASE = new URL('.', document.baseURI);

/** The base URL that OpenAI clients are given. */
export const API_URL = new URL('v1', BASE).href;

/** Error codes of servers that do not store runs, or cannot at the moment. */
const STORE_AWAY = new Set(['runs_disabled', 'store_unavailable']);

/** Talks to the server that the page comes from, and to no other. */
export class Api {
  /** Bearer token; empty for none. */
  key = '';
  /** False once the server has said that it does not store runs. */
  keepsRuns = true;

  /** @returns {Promise<string[]>} ids and aliases of the workflows */
  async listModels() {
    /** @type {{ data: { id: string }[] }} */
    const list = await (await this.#get('models')).json();
    return list.data.map(({ id }) => id);
  }

  /** @param {string} id @returns {Promise<ModelCard>} */
  async readModel(id) {
    return (await this.#get(`models/${encodeURIComponent(id)}`)).json();
  }

  /** @param {string} id @returns {Promise<GraphJson>} */
  async readGraph(id) {
    return (await this.#get(`models/${encodeURIComponent(id)}/graph?format=json`)).json();
  }

  /** @param {string} id @returns {Promise<string>} */
  async readDrawing(id) {
    return (await this.#get(`models/${encodeURIComponent(id)}/graph?format=svg`)).text();
  }

  /** @param {RunFilter} filter @returns {Promise<{ data: Run[], last_id: string | null, has_more: boolean }>} */
  async listRuns(filter) {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined && value !== '');
    return (await this.#get(`runs?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`)).json();
  }

  /** How many runs wait for an answer. A server that keeps none is not asked again. */
  async countWaiting() {
    if (!this.keepsRuns) return 0;
    try {
      return (await this.listRuns({ status: 'waiting', limit: 100 })).data.length;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'runs_disabled') this.keepsRuns = false;
      return 0;
    }
  }

  /** @param {string} id @returns {Promise<Run>} */
  async readRun(id) {
    return (await this.#get(`runs/${encodeURIComponent(id)}`)).json();
  }

  /** @param {string} id of a run or a completion @returns {Promise<Inspection>} */
  async inspect(id) {
    return (await this.#get(`runs/${encodeURIComponent(id)}/inspection`)).json();
  }

  /** Begins a run. @param {object} body @returns {Promise<Run>} */
  async beginRun(body) {
    return (await this.#post('runs', body)).json();
  }

  /** @param {string} id @param {'cancel' | 'retry'} action @returns {Promise<Run>} the run, or the new one */
  async changeRun(id, action) {
    return (await this.#post(`runs/${encodeURIComponent(id)}/${action}`)).json();
  }

  /** @param {string} id @param {string} name of what it waits for @param {unknown} value */
  async answerWait(id, name, value) {
    await this.#post(`runs/${encodeURIComponent(id)}/waits/${encodeURIComponent(name)}`, { value });
  }

  /**
   * Reads the events of a run, stored ones first, until it ends or waits.
   * @param {string} id @param {number} after number of the last event that the page already has @param {AbortSignal}
   * signal
   * @returns {AsyncGenerator<RunEvent, void, void>}
   */
  async *streamRun(id, after, signal) {
    const query = after < 0 ? 'until=wait' : `until=wait&after=${after}`;
    const response = await this.#fetch(`runs/${encodeURIComponent(id)}/events?${query}`, { signal });
    if (response.body === null || response.status === 204) return;
    for await (const data of readEvents(response.body)) yield JSON.parse(data);
  }

  /**
   * Requests a completion, with events of its steps. It continues for a while when the page is reloaded, if the server
   * stores runs.
   * @param {ChatRequest} request
   * @param {AbortSignal} signal cancels the request, so that the server stops the run
   * @returns {Promise<{ headers: Headers, chunks: AsyncGenerator<Chunk, void, void> }>} when the response begins
   * @throws {ApiError} also while the chunks are read
   */
  async stream(request, signal) {
    const response = await this.#requestStream(request, signal, this.keepsRuns).catch((error) => {
      // A server may keep no runs, or none at the moment.
      if (!this.keepsRuns || !(error instanceof ApiError) || !STORE_AWAY.has(error.code ?? '')) throw error;
      return this.#requestStream(request, signal, false);
    });
    if (response.body === null) throw new BrokenStreamError();
    return { headers: response.headers, chunks: readChunks(response.body) };
  }

  /** @param {ChatRequest} request @param {AbortSignal} signal @param {boolean} isKept */
  #requestStream(request, signal, isKept) {
    /** @type {Record<string, string>} */
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', 'millrace-events': 'true' };
    if (isKept) headers['millrace-on-disconnect'] = 'cancel';
    return this.#fetch('chat/completions', { method: 'POST', headers, body: JSON.stringify(request), signal });
  }

  /** @param {string} path */
  #get(path) {
    return this.#fetch(path, {});
  }

  /** @param {string} path @param {object} [body] */
  #post(path, body) {
    /** @type {Record<string, string>} */
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return this.#fetch(path, { method: 'POST', headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  }

  /** @param {string} path @param {RequestInit} init */
  async #fetch(path, init) {
    const headers = new Headers(init.headers);
    if (this.key !== '') headers.set('authorization', `Bearer ${this.key}`);
    const response = await fetch(`${API_URL}/${path}`, {
      ...init,
      headers,
      credentials: 'same-origin',
      redirect: 'error',
    });
    if (response.ok) return response;
    const body = await response.json().catch(() => undefined);
    throw new ApiError(body?.error, response.status, response.headers, body?.millrace?.events);
  }
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} body @returns {AsyncGenerator<Chunk, void, void>} */
async function* readChunks(body) {
  let isDone = false;
  // Reads the stream to its end. If the page left early, the server would take it for a client that has gone.
  for await (const data of readEvents(body)) {
    isDone ||= data === '[DONE]';
    if (isDone) continue;
    const json = JSON.parse(data);
    if (json.error !== undefined) throw new ApiError(json.error, undefined);
    yield json;
  }
  if (!isDone) throw new BrokenStreamError();
}
