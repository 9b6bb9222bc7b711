import cluster, { type Worker } from 'node:cluster';
import type { Server } from 'node:http';

/** A worker ends by itself: another one should take its place. */
const LEAVING = 'millrace:leaving';
/** Another worker listens: the one that leaves can do without new connections. */
const REPLACED = 'millrace:replaced';

/** In a worker that is about to end: asks for another one, and leaves new connections to the others once it is there. */
export function askForReplacement(server: Server): void {
  process.on('message', (message: unknown) => {
    if (message === REPLACED) server.close();
  });
  process.send?.(LEAVING, undefined, undefined, ignore);
}

/** In the process that keeps the workers: calls back for each that is about to end. */
export function onLeaving(callback: (worker: Worker) => void): void {
  cluster.on('message', (worker, message: unknown) => {
    if (message === LEAVING) callback(worker);
  });
}

/** In the process that keeps the workers: notifies a worker that is about to end that another one listens. */
export function tellReplaced(worker: Worker): void {
  if (worker.isConnected()) worker.process.send(REPLACED, undefined, undefined, ignore);
}

/** A channel that has just closed is no error: the other process has ended. */
const ignore = (): void => undefined;
