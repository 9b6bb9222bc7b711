export { EventStreamWriter } from './event-stream-writer.js';
export { NODE_EVENTS_HEADER, NodeEvents } from './node-events.js';
export { readOrigin } from './read-origin.js';
export { RequestIntake, type TakenRequest } from './request-intake.js';
export {
  isRepeated,
  mergeDeltaEvents,
  NewestEvents,
  paceRunEvents,
  type RepeatedEvent,
  wantsNodeEvents,
} from './run-news.js';
export { DONE_FRAME, encodeError } from './sse-frames.js';
export { WholeAnswers } from './whole-answers.js';
export { WireModule } from './wire.module.js';
