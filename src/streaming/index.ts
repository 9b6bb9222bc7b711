export { AnswerText, type CollectedToolCall } from './answer-text.js';
export { coalesce, type CoalesceOptions } from './coalesce.js';
export type { Channel, Delta, TextChannel, TextDelta, TokenLogprob, ToolCallDelta } from './delta.js';
export { weighDelta } from './delta-weight.js';
export { Gate } from './gate.js';
export { isDelta } from './is-delta.js';
export { JsonFieldDecoder, MalformedJsonError } from './json-field-decoder.js';
export { mergeDeltas } from './merge-deltas.js';
export { PulledGenerator } from './pulled-generator.js';
