export { ChatParameters } from './chat/chat-parameters.js';
export { MESSAGE_ROLES } from './chat/messages.js';
export { checkChatDependencies } from './chat/parameter-dependencies.js';
export { TOOL_CALLS, type ToolCall } from './chat/tool-calls.js';
export { CustomToolFields, FunctionFields } from './chat/tools.js';
export { EventStreamWriter } from './event-stream-writer.js';
export type { LogFold, LogFrame } from './log-stream/log-fold.js';
export { LogStreamer } from './log-stream/log.streamer.js';
export { readLog } from './log-stream/read-log.js';
export { collectSegment, collectSegmentSoFar, type SegmentCollector } from './log-stream/collect-segment.js';
export { SegmentEvents } from './log-stream/segment-events.js';
export { findFirstEvent, findSegment, type ClientSegment } from './log-stream/client-segment.js';
export {
  type Asker,
  type StillWaiting,
  type StartedSegment,
  ClientSegments,
} from './log-stream/client-segments.service.js';
export {
  assertLogKept,
  passFacts,
  type ReadingWatch,
  type WaitingClient,
  watchReading,
} from './log-stream/watch-reading.js';
export { assertReached, readPosition } from './log-stream/read-position.js';
export { cutFolder, NODE_EVENTS_HEADER, NodeEvents } from './node-events.js';
export {
  EndUser,
  FrequencyPenalty,
  ParallelToolCalls,
  PresencePenalty,
  PromptCacheKey,
  PromptCacheRetention,
  RequestedServiceTier,
  SafetyIdentifier,
  Temperature,
  TopP,
  WorkflowModel,
} from './shared-parameters.js';
export {
  CustomToolInput,
  CustomToolName,
  FileData,
  FileId,
  FileName,
  FormatName,
  FormatPurpose,
  FormatSchema,
  FunctionName,
  ImageAddress,
  InstructingRole,
  PartText,
  RefusalWords,
  SoundData,
  SoundFormat,
} from './shared-parts.js';
export { makeQueryError } from './query-error.js';
export { readFlag } from './read-flag.js';
export { ON_DISCONNECT, ON_DISCONNECT_HEADER, type OnDisconnect, readOnDisconnect } from './read-on-disconnect.js';
export { readOrigin } from './read-origin.js';
export { JsonBodyReader } from './json-body-reader.service.js';
export { RequestIntake, type TakenRequest, watchClient } from './request-intake.service.js';
export { readIdentity } from './idempotency/idempotency-key.js';
export { addRunHeaders } from './run-headers.js';
export * as schemaParts from './schema-parts.js';
export { isRepeated, paceRunEvents, wantsNodeEvents } from './pace-run-events.js';
export { passTraceId, RunStream } from './run-stream.js';
export { SaidContent } from './said-content.js';
export { startRun } from './start-run.js';
export { DONE_FRAME, encodeError } from './sse-frames.js';
export { type BodyRules, validateBody } from './validate-body.js';
export { WholeResponses } from './whole-responses.service.js';
export { type CallOutput, makeCannotWaitError } from './waits/wait-answers.service.js';
export { WireModule } from './wire.module.js';
