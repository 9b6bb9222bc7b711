/** @import { ChatRequest, Chunk, GraphJson, ModelCard } from './types.js' */
import { ApiError, BrokenStreamError } from './problem.js';
import { readEvents } from './sse-reader.js';

/** Where the server's routes begin: the page may lie behind a gateway, below a path. */
const BASE = new URL('.', document.baseURI);

/** The base URL that OpenAI clients are given. */
export const API_URL = new URL('v1', BASE).href;

/** Talks to the server that the page comes from, and to no other. */
export class Api {
  /** Bearer token; empty for none. */
  key = '';

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

  /**
   * Requests a completion, with events of its steps.
   * @param {ChatRequest} request
   * @param {AbortSignal} signal cancels the request, so that the server stops the run
   * @returns {Promise<{ headers: Headers, chunks: AsyncGenerator<Chunk, void, void> }>} when the response begins
   * @throws {ApiError} also while the chunks are read
   */
  async stream(request, signal) {
    const response = await this.#fetch('chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'millrace-events': 'true' },
      body: JSON.stringify(request),
      signal,
    });
    if (response.body === null) throw new BrokenStreamError();
    return { headers: response.headers, chunks: readChunks(response.body) };
  }

  /** @param {string} path */
  #get(path) {
    return this.#fetch(path, {});
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
  // Reads the stream to its end: to the server, leaving early would look like a client that has gone.
  for await (const data of readEvents(body)) {
    isDone ||= data === '[DONE]';
    if (isDone) continue;
    const json = JSON.parse(data);
    if (json.error !== undefined) throw new ApiError(json.error, undefined);
    yield json;
  }
  if (!isDone) throw new BrokenStreamError();
}
