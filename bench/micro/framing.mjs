import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { ChunkedBody } from '../../dist/api/wire/chunked-body.js';
import { measureTime } from './timing.mjs';

const WRITES = 20_000;
const FRAME = `data: ${JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion.chunk',
  created: 1_767_225_600,
  model: 'chat',
  choices: [{ index: 0, delta: { content: ' word' }, finish_reason: null }],
})}\n\n`;

/**
 * One response of which each turn of the event loop writes one frame, to a client of this process that throws the bytes
 * away: its part is in both figures.
 *
 * @param {(response: import('node:http').ServerResponse) => { write(text: string): boolean; end(text: string): void }}
 * openBody
 */
async function stream(openBody) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const body = openBody(response);
    let left = WRITES;
    const next = () => {
      if (left-- === 0) body.end('');
      else if (body.write(FRAME)) setImmediate(next);
      else response.once('drain', next);
    };
    next();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(server.address().port, '127.0.0.1');
  socket.resume().write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await once(socket, 'close');
  server.close();
}

/** Frames of chunks as one string, against Node's own. */
export async function measureFraming({ rounds } = {}) {
  const common = { part: 'framing', items: WRITES, rounds };
  return [
    await measureTime({ ...common, name: 'ChunkedBody', call: () => stream((response) => new ChunkedBody(response)) }),
    await measureTime({ ...common, name: "Node's own chunks", call: () => stream((response) => response) }),
  ];
}
