export type { Channel, Delta, TextChannel, TextDelta, TokenLogprob, ToolCallDelta } from './delta.js';
