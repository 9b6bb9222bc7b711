import type { Delta } from '../../streaming/index.js';
import type { ModelParameters } from '../chat-model.js';
import type { FinishReason } from '../finish-reason.js';
import type { Answer, ToolCall } from './answer.js';
import { splitText } from './pieces.js';

/** An answer as it will be given, one token in each delta, with the limits of the request applied. */
export interface AnswerPlan {
  readonly deltas: readonly Delta[];
  readonly finishReason: FinishReason;
}

/** Cuts an answer into tokens and applies `max_completion_tokens` (or `max_tokens`) and, to text, `stop`. */
export function planAnswer(answer: Answer, { max_completion_tokens, max_tokens, stop }: ModelParameters): AnswerPlan {
  const isText = answer.type === 'text';
  const stopped = isText ? cutAtStop(answer.text, Array.isArray(stop) ? stop : [stop]) : '';
  const deltas = isText
    ? splitText(stopped).map((text): Delta => ({ type: 'content', text }))
    : answer.calls.flatMap(splitCall);
  const limit = max_completion_tokens ?? max_tokens;
  if (typeof limit === 'number' && limit >= 0 && deltas.length > limit) {
    return { deltas: deltas.slice(0, limit), finishReason: 'length' };
  }
  return { deltas, finishReason: isText ? 'stop' : 'tool_calls' };
}

/** The text up to the stop text that is complete first, as a model notices it that writes from left to right. */
function cutAtStop(text: string, stopTexts: readonly unknown[]): string {
  let first = { start: text.length, end: Infinity };
  for (const stopText of stopTexts) {
    if (typeof stopText !== 'string' || stopText === '') continue;
    const start = text.indexOf(stopText);
    const end = start + stopText.length;
    if (start >= 0 && (end < first.end || (end === first.end && start < first.start))) first = { start, end };
  }
  return text.slice(0, first.start);
}

function splitCall({ id, kind, name, input }: ToolCall, index: number): Delta[] {
  const piece = { type: 'tool-call', index, ...(kind === 'custom' && { kind }) } as const;
  return [
    { ...piece, id, name, arguments: '' },
    ...splitText(input).map((text): Delta => ({ ...piece, arguments: text })),
  ];
}
