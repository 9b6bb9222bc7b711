import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from './processes/child.mjs';
import { readTargetStart } from './targets/index.mjs';

const STREAMS = 200;
const ROUNDS = 3;
/** How long the server has to let go of what has ended, in milliseconds. */
const REST_MS = 1_500;
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
const BODY = JSON.stringify({ model: 'chat', stream: true, messages: [{ role: 'user', content: 'Hi' }] });
const FIRST_TOKEN = `data: ${JSON.stringify({
  id: 'x',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: null }],
})}\n\n`;

/** An upstream that sends one token of each completion and then waits. */
async function startUpstream() {
  const held = [];
  const server = createServer((asked, response) => {
    asked.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(FIRST_TOKEN);
      held.push(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, held, url: `http://127.0.0.1:${server.address().port}` };
}

/** Opens a stream, and resolves once its first token is there. */
function open(address, agent) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request(`${address}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      response.on('error', () => undefined).once('data', () => resolve(asked));
    });
    asked.on('error', reject).end(BODY);
  });
}

/**
 * Measures what an open stream holds of V8's heap after a collection of garbage, in kB: the median of several times 200
 * streams that have had their first token. The processor and other work have no part in it.
 */
export async function measureOpenStream() {
  const upstream = await startUpstream();
  const start = readTargetStart('millrace', upstream.url);
  const reporter = ['--expose-gc', '--import', join(import.meta.dirname, 'soak', 'report-levels.mjs')];
  const child = new Child([...reporter, ...start.args], { cwd: start.cwd, env: start.env, channel: true });
  const readHeap = async () => (await child.ask({ type: 'heap' })).heap;
  try {
    const [address] = await child.waitForOutput(ADDRESS);
    const agent = new Agent({ maxSockets: Infinity });
    const hold = async () => {
      const streams = await Promise.all(Array.from({ length: STREAMS }, () => open(address, agent)));
      const heap = await readHeap();
      for (const stream of streams) stream.destroy();
      for (const response of upstream.held.splice(0)) response.destroy();
      await delay(REST_MS);
      return heap;
    };
    // Compiled code and hidden classes come with the first ones.
    await hold();
    const before = await readHeap();
    const sizes = [];
    for (let round = 0; round < ROUNDS; round++) sizes.push(((await hold()) - before) / STREAMS / 1024);
    return sizes.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  } finally {
    await child.stop();
    upstream.server.close();
    upstream.server.closeAllConnections();
  }
}
