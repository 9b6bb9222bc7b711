/**
 * Preloaded into what `millrace dev` starts: ends the process when the one that started it is gone, however that went. A
 * process of a group of its own is not reached by the terminal's signals.
 */
import cluster from 'node:cluster';

// A worker has a channel of its own to the process that keeps it, which looks after it.
if (process.channel != null && !cluster.isWorker) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
