/**
 * Preloaded into each process that `millrace dev` starts. Ends the process when the one that started it is gone, for
 * whatever reason: the process has a group of its own, so the terminal's signals do not reach it.
 */
import cluster from 'node:cluster';

const end = (): void => {
  process.kill(process.pid, 'SIGTERM');
};

// A worker's channel leads to the process that keeps it, which also ends it.
if (!cluster.isWorker) {
  // Undefined, whatever its type says, where there never was a channel.
  const isConnected = process.connected as boolean | undefined;
  // The channel was closed before this file was loaded: no event will report it.
  if (isConnected === false) end();
  else if (process.channel != null) {
    process.once('disconnect', end);
    process.channel.unref();
  }
}
