export type {
  DeltaEvent,
  ModelIdentified,
  NodeFailed,
  NodeFinished,
  NodeProgress,
  NodeStarted,
  RouteTaken,
  RunEvent,
  RunFailed,
  RunFinished,
  RunStarted,
} from './run-event.js';
export { Run } from './run.js';
