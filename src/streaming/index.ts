export { countCharacters, moveAnnotations, clearPlaces } from './annotation-places.js';
export { coalesce } from './coalesce.js';
export {
  type CollectedAudio,
  type CollectedLogprobs,
  type CollectedToolCall,
  DeltaCollector,
} from './delta-collector.js';
export { weighDelta } from './delta-weight.js';
export type {
  AnnotationsDelta,
  OpaqueObject,
  AudioDelta,
  Delta,
  McpDelta,
  McpFailure,
  TextChannel,
  TextDelta,
  TokenLogprob,
  ToolCallDelta,
} from './delta.js';
export { Gate } from './gate.js';
export { GrowingText } from './growing-text.js';
export { isDelta } from './is-delta.js';
export { JsonFieldDecoder } from './json-field-decoder.js';
export { mergeDeltas } from './merge-deltas.js';
export { SseParser, SseTooLongError } from './sse-parser.js';
export { WholeCharacters } from './whole-characters.js';
