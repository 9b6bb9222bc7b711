/**
 * Preloaded into each process that `millrace dev` starts. Ends the process when the one that started it is gone, for
 * whatever reason: the process has a group of its own, so the terminal's signals do not reach it.
 */
import cluster from 'node:cluster';

// A worker's channel leads to the process that keeps it, which also ends it.
if (process.channel != null && !cluster.isWorker) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
