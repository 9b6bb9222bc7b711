/** Why a model stopped, by OpenAI's names. `function_call` (deprecated) is reported by upstreams as `tool_calls`. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

const SEVERITY: readonly FinishReason[] = ['stop', 'tool_calls', 'length', 'content_filter'];

/** Of two visible nodes' reasons the one that the client must not miss: content_filter, length, tool_calls, stop. */
export function worseFinishReason(a: FinishReason | undefined, b: FinishReason): FinishReason {
  return a !== undefined && SEVERITY.indexOf(a) > SEVERITY.indexOf(b) ? a : b;
}
