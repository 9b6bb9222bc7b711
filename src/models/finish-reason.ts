/** Why a model stopped, by OpenAI's names. `function_call` (deprecated) is reported by upstreams as `tool_calls`. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

const SEVERITY: readonly FinishReason[] = ['stop', 'tool_calls', 'length', 'content_filter'];

/** Picks the finish reason that the client must not miss. The worst comes first: content_filter, length, tool_calls, stop. */
export function pickWorseFinishReason(a: FinishReason | undefined, b: FinishReason): FinishReason {
  return a !== undefined && SEVERITY.indexOf(a) > SEVERITY.indexOf(b) ? a : b;
}
