/**
 * A server that preloads this file dies as by `kill -9` after a commit of its SQLite store, before the store reports it: at the
 * first commit with the words of `DIE_AFTER`. All threads of the server load it; it takes effect in that of the database.
 */
import { isMainThread, parentPort } from 'node:worker_threads';

const words = process.env['DIE_AFTER'];

if (!isMainThread && parentPort !== null && words !== undefined) {
  const port = parentPort;
  const reply = port.postMessage.bind(port);
  let isLast = false;
  port.on(
    'message',
    ({ steps }) => (isLast = JSON.stringify(steps ?? []).includes(JSON.stringify(words).slice(1, -1))),
  );
  port.postMessage = (message) => {
    if (isLast) process.kill(process.pid, 'SIGKILL');
    reply(message);
  };
}
