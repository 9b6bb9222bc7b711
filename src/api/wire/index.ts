export { EventStreamWriter } from './event-stream-writer.js';
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
