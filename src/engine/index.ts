export type {
  DeltaEvent,
  ModelIdentified,
  NodeFailed,
  NodeFinished,
  NodeProgress,
  NodeStarted,
  RouteTaken,
  RunEnd,
  RunEvent,
  RunFailed,
  RunFinished,
  RunStarted,
} from './run-event.js';
export { Run } from './run.js';
