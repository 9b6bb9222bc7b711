export type {
  DeltaEvent,
  ModelIdentified,
  NodeFailed,
  NodeFinished,
  NodeProgress,
  NodeStarted,
  ObserverContent,
  ObserverEvent,
  RouteTaken,
  RunEnd,
  RunEvent,
  RunFailed,
  RunFinished,
  RunStarted,
  StepEvent,
} from './run-event.js';
export { Run } from './run.js';
