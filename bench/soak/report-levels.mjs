/**
 * Loaded into the server by `node --expose-gc --import`: reports, after a collection of garbage, what is left in its
 * memory, or the size of its heap alone, which takes less time.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

const timer = setTimeout(() => undefined);
const KINDS = {
  sockets: Socket,
  requests: IncomingMessage,
  responses: ServerResponse,
  timers: timer.constructor,
  'abort signals': AbortSignal,
};
clearTimeout(timer);

process.on('message', async ({ id, type }) => {
  if (type !== 'levels' && type !== 'heap') return;
  // What is finalised in one turn lets go of more in the next.
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external } = process.memoryUsage();
  if (type === 'heap') {
    process.send({ id, result: { heap: heapUsed } });
    return;
  }
  const objects = Object.entries(KINDS).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })]);
  process.send({ id, result: { heap: heapUsed, external, ...Object.fromEntries(objects) } });
});
// The process must end as it would without this.
process.channel?.unref();
