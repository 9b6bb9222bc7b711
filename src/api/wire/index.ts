export { EventStreamWriter } from './event-stream-writer.js';
export type { LogFold, LogFrame } from './log-stream/log-fold.js';
export { type LogStreamOptions, LogStreamer } from './log-stream/log.streamer.js';
export { assertReached, readPosition, type StreamPosition } from './log-stream/read-position.js';
export { NODE_EVENTS_HEADER, NodeEvents } from './node-events.js';
export {
  EndUser,
  FrequencyPenalty,
  ParallelToolCalls,
  PresencePenalty,
  PromptCacheKey,
  PromptCacheRetention,
  RequestedServiceTier,
  Temperature,
  TopP,
  WorkflowModel,
} from './shared-parameters.js';
export { readOrigin } from './read-origin.js';
export { RequestIntake, type TakenRequest } from './request-intake.js';
export { isRepeated, NewestEvents, paceRunEvents, type RepeatedEvent, wantsNodeEvents } from './pace-run-events.js';
export { DONE_FRAME, encodeError } from './sse-frames.js';
export { WholeResponses } from './whole-responses.js';
export { WireModule } from './wire.module.js';
