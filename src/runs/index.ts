export { guarded, type ReadFailure, RunEvents, type RunReader } from './run-events.js';
export type { RunOutcome } from './run-to-end.js';
export { RunsModule } from './runs.module.js';
export type { RunOrigin } from './trace-start.js';
export { type RunOptions, RunService } from './run.service.js';
