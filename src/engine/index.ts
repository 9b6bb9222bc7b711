export { listFingerprints } from './checkpoints.js';
export type {
  DeltaEvent,
  NodeFailed,
  NodeFinished,
  NodeRestarted,
  ObserverContent,
  ObserverEvent,
  LostUsage,
  OpenWait,
  RunEnd,
  RunEvent,
  RunFailed,
  RunFinished,
  RunRetrying,
  RunWaiting,
  StepEvent,
} from './run-event.js';
export { countLostTokens, type ResumedRun, RunHistory, type WaitAnswer } from './run-history.js';
export { Run } from './run.js';
export type { StepCheckpoint } from './step-checkpoint.js';
