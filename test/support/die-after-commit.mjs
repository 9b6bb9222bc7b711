/**
 * A server that loads this first dies, as by `kill -9`, between a commit of its SQLite store and the answer to that: at the first
 * commit with these words, `DIE_AFTER`. It is loaded in each of the server's threads, and counts in that of the database.
 */
import { isMainThread, parentPort } from 'node:worker_threads';

const words = process.env['DIE_AFTER'];

if (!isMainThread && parentPort !== null && words !== undefined) {
  const port = parentPort;
  const answer = port.postMessage.bind(port);
  let isLast = false;
  port.on(
    'message',
    ({ steps }) => (isLast = JSON.stringify(steps ?? []).includes(JSON.stringify(words).slice(1, -1))),
  );
  port.postMessage = (message) => {
    if (isLast) process.kill(process.pid, 'SIGKILL');
    answer(message);
  };
}
