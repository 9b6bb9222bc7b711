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
  LostUsage,
  OpenWait,
  RouteTaken,
  RunContinued,
  RunEnd,
  RunEvent,
  RunFailed,
  RunFinished,
  RunResumed,
  RunStarted,
  RunRetrying,
  RunWaiting,
  StepEvent,
} from './run-event.js';
export { countLostTokens, type ResumedRun, RunHistory, type WaitAnswer } from './run-history.js';
export { Run } from './run.js';
export type { StepCheckpoint } from './step-checkpoint.js';
