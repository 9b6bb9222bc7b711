export { BodyMemory, type MemoryShare } from './body-memory.service.js';
export { LoopWatch } from './loop-watch.js';
export { makeOverloadedError, PlaceQueue } from './place-queue.js';
