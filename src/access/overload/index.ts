export { BodyMemory, type MemoryShare } from './body-memory.service.js';
export { LoopWatch } from './loop-watch.js';
export { makeOverloadedError, RunQueue } from './run-queue.js';
