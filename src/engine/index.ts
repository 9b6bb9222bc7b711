export { listFingerprints } from './checkpoints.js';
export type {
  DeltaEvent,
  ModelIdentified,
  NodeFailed,
  NodeFinished,
  NodeProgress,
  NodeRestarted,
  NodeStarted,
  ObserverContent,
  ObserverEvent,
  OpenWait,
  RouteTaken,
  RunContinued,
  RunEnd,
  RunEvent,
  RunFailed,
  RunFinished,
  RunResumed,
  RunStarted,
  RunWaiting,
  StepEvent,
} from './run-event.js';
export { type ResumedRun, RunHistory, type WaitAnswer } from './run-history.js';
export { Run } from './run.js';
export type { StepCheckpoint } from './step-checkpoint.js';
