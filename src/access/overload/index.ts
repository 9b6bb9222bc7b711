export { LoopWatch } from './loop-watch.js';
export { overloaded, RunQueue } from './run-queue.js';
