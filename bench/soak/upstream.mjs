/**
 * A fake OpenAI in a process of its own that does to its callers whatever upstreams do. The user's message names what,
 * as in `soak=hang-up`. It ends with the process that started it.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { Chunks } from '../upstream/chunks.mjs';
import { writeFrames } from '../upstream/pace.mjs';
import { SHORT_TEXT } from './orders.mjs';

const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8' };
const DONE = 'data: [DONE]\n\n';
const LONG = 20_000;

/** @typedef {(response: import('node:http').ServerResponse, chunks: Chunks) => unknown} Deed */

/** @param {number} status @param {Readonly<Record<string, string>>} [headers] @returns {Deed} */
const refuse = (status, headers = {}) => {
  const error = { message: `No: ${status}`, type: 'some_error', param: null, code: null };
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }));
};

/** @param {import('node:http').ServerResponse} response @param {Chunks} chunks */
function begin(response, chunks) {
  response.writeHead(200, EVENTS);
  response.write(`${chunks.role()}${chunks.content('Well, ')}`);
}

/** @type {Readonly<Record<string, Deed>>} */
const DEEDS = {
  short: (response, chunks) => {
    response.writeHead(200, EVENTS);
    const words = SHORT_TEXT.map((word) => chunks.content(word)).join('');
    response.end(`${chunks.role()}${words}${chunks.finish()}${chunks.usage(SHORT_TEXT.length)}${DONE}`);
  },
  long: async (response, chunks) => {
    begin(response, chunks);
    const frame = () => chunks.content('and so on ');
    await writeFrames(response, { rate: 0, from: 0, to: LONG, frame });
    response.end(`${chunks.finish()}${DONE}`);
  },
  // Both until the caller leaves.
  silence: (response) => once(response, 'close'),
  stall: (response, chunks) => {
    begin(response, chunks);
    return once(response, 'close');
  },
  'status-400': refuse(400),
  'status-401': refuse(401),
  'status-404': refuse(404),
  'status-429': refuse(429, { 'retry-after': '0' }),
  'status-500': refuse(500),
  'status-503': refuse(503),
  'no-json': (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
  'hang-up': (response) => response.destroy(),
  cut: (response, chunks) => {
    begin(response, chunks);
    setImmediate(() => response.destroy());
  },
  'no-end': (response, chunks) => {
    begin(response, chunks);
    response.end();
  },
  garbage: (response) => response.writeHead(200, EVENTS).end('data: {"choices":[{]}\n\n'),
  'error-frame': (response, chunks) => {
    begin(response, chunks);
    response.end(`data: ${JSON.stringify({ error: { message: 'Sorry', type: 'server_error', code: null } })}\n\n`);
  },
  'not-streamed': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}'),
};

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function onRequest(request, response) {
  try {
    const { messages, model, stream_options } = /** @type {any} */ (await json(request));
    const [, name = ''] = /soak=([\w-]+)/.exec(JSON.stringify(messages)) ?? [];
    const deed = DEEDS[name];
    if (deed === undefined) throw new Error(`There is no deed named "${name}".`);
    await deed(response, new Chunks({ model, includeUsage: stream_options?.include_usage === true }));
  } catch {
    response.destroy();
  }
}

process.on('disconnect', () => process.exit());

// Idle connections are closed before the levels are read.
const server = createServer({ keepAlive: true, keepAliveTimeout: 5_000 }, (request, response) => {
  void onRequest(request, response);
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  console.log(`fake upstream at http://127.0.0.1:${/** @type {any} */ (server.address()).port}`);
});
