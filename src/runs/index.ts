export { guardCallback, type ReadFailure, type RunEvents, type RunReader } from './run-events.js';
export { LoggedRuns, type StartedRun } from './log/logged-runs.service.js';
export { type AnsweredRun, RunWaits } from './log/run-waits.service.js';
export { type RunToLog, USUAL_PRIORITY } from './log/logged-work.js';
export type { RunDoor } from './log/run-door.js';
export type { LoggedEvent } from './log/logged-event.js';
export type { LogFollower } from './log/log-follower.js';
export { SaidOutput } from './log/said-output.js';
export { mergeDeltaEvents } from './merge-delta-events.js';
export type { QueuedPermit, RunEnding, RunOptions, RunOrigin, RunRecord } from './run-options.js';
export type { RunOutput } from './run-to-end.js';
export { RunService } from './run.service.js';
export { type Schedule, type ScheduleDoor, type ScheduleFault, Schedules } from './schedules/schedules.service.js';
export { RunsModule } from './runs.module.js';
export { type DocumentPart, DocumentStore, type StoredDocument } from './store/document-store.js';
export type {
  KeptWait,
  LoggedEnding,
  LoggedRun,
  LoggedStatus,
  RunPage,
  RunQuery,
  RunSegment,
} from './store/run-log-store.js';
