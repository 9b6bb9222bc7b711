/** A fake OpenAI in a process of its own. Prints where it listens, and ends with the process that started it. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { respond } from './respond.mjs';

let release = () => undefined;
let released = Promise.resolve();

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function onRequest(request, response) {
  try {
    const body = await json(request);
    if (request.url !== '/v1/chat/completions') throw new Error(`There is nothing at ${request.url}.`);
    await respond(body, response, released);
  } catch (error) {
    if (response.headersSent) return response.destroy();
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: error.message, type: 'invalid_request_error' } }));
  }
}

process.on('message', ({ id, type }) => {
  if (type === 'hold') released = new Promise((resolve) => (release = resolve));
  else if (type === 'release') release();
  else return;
  process.send({ id });
});
process.on('disconnect', () => process.exit());

const server = createServer({ keepAlive: true, keepAliveTimeout: 60_000 }, (request, response) => {
  void onRequest(request, response);
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  console.log(`fake upstream at http://127.0.0.1:${server.address().port}`);
});
