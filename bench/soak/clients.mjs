import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { makeBody, SHORT_TEXT, UPSTREAM_FAULTS } from './orders.mjs';

/** How long a client that does not read stays connected, in milliseconds. */
const STALL_MS = 1_500;
/** Longest time for anything that must come to an end by itself, in milliseconds. */
const LONGEST_MS = 30_000;
const JSON_BODY = { 'content-type': 'application/json' };

/**
 * All clients of a soak. Each method is one client that does one thing and rejects with an error if the server does not
 * do what it should.
 */
export class Clients {
  #agent = new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'fifo' });
  #url;

  /** @param {string} url of the chat completions */
  constructor(url) {
    this.#url = new URL(url);
  }

  /** Gives up all connections that are kept. */
  leave() {
    this.#agent.destroy();
  }

  /** Reads a stream to its end. */
  async stream() {
    const { status, text } = await this.#ask(makeBody('short'));
    assert(status === 200 && text.endsWith('data: [DONE]\n\n'), `no whole stream: ${status} ${text.slice(0, 200)}`);
    const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, words]) => words).join('');
    assert(said === SHORT_TEXT.join(''), `other words: ${said}`);
  }

  /** Sends several requests at once on one connection, and expects their responses in this order. */
  async pipeline() {
    const bodies = ['short', 'short', 'no-such-deed', 'short', 'status-400', 'short'].map((deed) => makeBody(deed));
    const text = await this.#pipe([...bodies, '{"model":"nobody","messages":[]}'], { reset: false });
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    assert(statuses.length === 7, `${statuses.length} responses to 7 requests: ${statuses}`);
    assert(text.split('data: [DONE]').length > 4, 'a stream has no end');
  }

  /** The same, but the connection is reset before the responses have come. */
  pipelineAndReset() {
    return this.#pipe(
      ['stall', 'short', 'silence', 'short', 'stall'].map((deed) => makeBody(deed)),
      { reset: true },
    );
  }

  /** Leaves before the response, during it, or while the request is sent. @param {number} number */
  async abort(number) {
    const deed = number % 2 === 0 ? 'stall' : 'silence';
    const stream = number % 4 < 2;
    const sent = makeBody(deed, stream);
    const request = this.#openRequest({ 'content-length': String(sent.length) });
    const closed = new Promise((resolve) => request.once('close', resolve));
    request.on('error', () => undefined);
    if (number % 5 === 4) {
      request.write(sent.slice(0, 40));
      await delay(5);
    } else {
      const responded = new Promise((resolve) => request.once('response', resolve));
      request.end(sent);
      const response = await Promise.race([responded, delay(20 + (number % 7) * 10)]);
      if (response !== undefined) await new Promise((resolve) => response.once('data', resolve).once('close', resolve));
    }
    request.destroy();
    await closed;
  }

  /** Asks for megabytes and reads nothing. */
  async stall() {
    const socket = await this.#connect();
    socket.pause();
    socket.write(this.#writeMessage(makeBody('long')));
    await delay(STALL_MS);
    socket.destroy();
  }

  /** Causes a fault of the upstream. @param {number} number */
  async askFailingUpstream(number) {
    const deed = UPSTREAM_FAULTS[number % UPSTREAM_FAULTS.length];
    const { status, text } = await this.#ask(makeBody(deed, number % 3 !== 0));
    if (status === 200) assert(/"error":\{[^]*data: \[DONE\]\n\n$/.test(text), `${deed} ended well: ${text}`);
    else assertError(deed, status, text);
  }

  /** Sends a request that is not valid. @param {number} number */
  async sendBadRequest(number) {
    const { name, body, headers = JSON_BODY } = BAD_REQUESTS[number % BAD_REQUESTS.length];
    const { status, text } = await this.#ask(body, headers);
    assertError(name, status, text);
  }

  /** Sends bytes that are not HTTP after a request whose response has begun. */
  async sendNoHttp() {
    const socket = await this.#connect();
    socket.write(this.#writeMessage(makeBody('stall')));
    await delay(20);
    socket.write('\u0000\u0001 this is no request\r\n\r\n');
    await waitForClose(socket);
  }

  #openRequest(headers) {
    return httpRequest(this.#url, { method: 'POST', agent: this.#agent, headers: { ...JSON_BODY, ...headers } });
  }

  /** @returns {Promise<{ status: number, text: string }>} */
  #ask(body, headers = JSON_BODY) {
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, headers, signal: AbortSignal.timeout(LONGEST_MS) };
      let status = 0;
      const request = httpRequest(this.#url, options, (response) => {
        let text = '';
        status = response.statusCode ?? 0;
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.on('end', () => resolve({ status, text })).on('error', reject);
      });
      request.on('error', (error) => {
        // The server closed the connection, as it may, at the moment in which it was used again.
        const wasIdle = request.reusedSocket && status === 0 && ['ECONNRESET', 'EPIPE'].includes(error.code);
        if (wasIdle) this.#ask(body, headers).then(resolve, reject);
        else reject(error);
      });
      request.end(body);
    });
  }

  async #pipe(bodies, { reset }) {
    const socket = await this.#connect();
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => (text += part));
    const last = bodies.length - 1;
    const messages = bodies.map((body, index) => this.#writeMessage(body, { close: index === last }));
    socket.write(messages.join(''));
    if (reset) {
      await delay(10 + Math.random() * 40);
      socket.resetAndDestroy();
    } else await waitForClose(socket);
    return text;
  }

  #writeMessage(body, { close = false } = {}) {
    const { host, pathname } = this.#url;
    const head = [`POST ${pathname} HTTP/1.1`, `host: ${host}`, 'content-type: application/json'];
    if (close) head.push('connection: close');
    return `${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  }

  #connect() {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(this.#url.port), this.#url.hostname, () => resolve(socket));
      socket.on('error', reject);
    });
  }
}

const MESSAGE = '{"role":"user","content":"Hi"}';
const makeChatBody = (fields) => `{"model":"chat","messages":[${MESSAGE}],${fields}}`;
const nestArrays = (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** @type {readonly { name: string, body: string | Buffer, headers?: Record<string, string> }[]} */
const BAD_REQUESTS = [
  { name: 'no JSON', body: '{"model":' },
  { name: 'an empty body', body: '' },
  { name: 'no object', body: '[]' },
  { name: 'no text', body: Buffer.from([0xff, 0xfe, 0x7b]) },
  { name: 'an unknown model', body: `{"model":"nobody","messages":[${MESSAGE}]}` },
  { name: 'no messages', body: '{"model":"chat"}' },
  { name: 'a word of the wrong type', body: '{"model":{"toString":1},"messages":7}' },
  { name: 'a role that is none', body: '{"model":"chat","messages":[{"role":{"toString":1},"content":"Hi"}]}' },
  { name: 'a parameter of the wrong type', body: makeChatBody('"temperature":"hot"') },
  { name: 'a number beyond all', body: makeChatBody('"seed":1e400') },
  { name: 'arrays in arrays', body: makeChatBody(`"metadata":${nestArrays(5_000)}`) },
  { name: 'a million values', body: makeChatBody(`"metadata":{"a":[${'0,'.repeat(1_000_000)}0]}`) },
  { name: 'eleven megabytes', body: makeChatBody(`"user":"${'a'.repeat(11 * 1024 * 1024)}"`) },
  { name: 'another media type', body: 'Hi', headers: { 'content-type': 'text/plain' } },
  { name: 'another charset', body: '{}', headers: { 'content-type': 'application/json; charset=koi8-r' } },
  {
    name: 'a small body that inflates',
    body: brotliCompressSync(Buffer.from(makeChatBody(`"user":"${'a'.repeat(10_000_000)}"`))),
    headers: { ...JSON_BODY, 'content-encoding': 'br' },
  },
  {
    name: 'a broken gzip',
    body: gzipSync('{}').subarray(0, 12),
    headers: { ...JSON_BODY, 'content-encoding': 'gzip' },
  },
  { name: 'an unknown encoding', body: '{}', headers: { ...JSON_BODY, 'content-encoding': 'zip' } },
];

function waitForClose(socket) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`a connection is still open after ${LONGEST_MS} ms`));
    }, LONGEST_MS);
    socket.resume().once('close', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

function assertError(name, status, text) {
  let error;
  try {
    ({ error } = JSON.parse(text));
  } catch {
    // Reported below.
  }
  assert(status >= 400 && typeof error?.message === 'string', `${name} got ${status} ${text.slice(0, 200)}`);
  assert(error.code !== 'internal_error' && status !== 500, `${name} got the response of a bug: ${text.slice(0, 200)}`);
}

function assert(holds, words) {
  if (!holds) throw new Error(words);
}
