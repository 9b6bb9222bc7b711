import type { Delta } from '../../streaming/index.js';
import type { ModelParameters } from '../chat-model.js';
import type { FinishReason } from '../finish-reason.js';
import type { ComposedCall } from './compose-output.js';

/**
 * Matches one token, roughly as models have them: a word or a part of it with the space before it, up to three digits, or a
 * sign.
 */
const PIECE = / ?[\p{L}\p{M}]{1,12}|\d{1,3}|\s{1,8}|[^\s\p{L}\p{M}\d]/gu;
/** Splits a text into pieces that count as one token each. */
const splitTokens = (text: string): readonly string[] => text.match(PIECE) ?? [];

/** The output as it will be sent: one token in each delta, within the limits of the request. */
interface OutputPlan {
  readonly deltas: readonly Delta[];
  readonly finishReason: FinishReason;
}

/** Cuts an output into tokens and applies `max_completion_tokens` (or `max_tokens`) and, for text, `stop`. */
export function planOutput(
  output: string | readonly ComposedCall[],
  { max_completion_tokens, max_tokens, stop }: ModelParameters,
): OutputPlan {
  const isText = typeof output === 'string';
  const deltas = isText
    ? splitTokens(cutAtStop(output, [stop].flat())).map((text): Delta => ({ type: 'content', text }))
    : output.flatMap(splitCall);
  const limit = max_completion_tokens ?? max_tokens;
  if (typeof limit === 'number' && limit >= 0 && deltas.length > limit) {
    return { deltas: deltas.slice(0, limit), finishReason: 'length' };
  }
  return { deltas, finishReason: isText ? 'stop' : 'tool_calls' };
}

function cutAtStop(text: string, stopTexts: readonly unknown[]): string {
  const given = stopTexts.filter((stop): stop is string => typeof stop === 'string' && stop !== '');
  const starts = given.map((stop) => text.indexOf(stop)).filter((start) => start >= 0);
  return text.slice(0, Math.min(text.length, ...starts));
}

function splitCall({ id, kind, name, input }: ComposedCall, index: number): Delta[] {
  const piece = { type: 'tool-call', index, ...(kind === 'custom' && { kind }) } as const;
  return [
    { ...piece, id, name, arguments: '' },
    ...splitTokens(input).map((text): Delta => ({ ...piece, arguments: text })),
  ];
}
