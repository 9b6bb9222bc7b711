import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import type { TokenLogprob } from '../../../streaming/index.js';

/** Log probabilities in the form of this protocol, in which no field may be null or missing. */
export function encodeLogprobs(logprobs: readonly TokenLogprob[]): readonly JsonObject[] {
  return logprobs.flatMap((logprob) => {
    const encoded = encodeLogprob(logprob);
    if (encoded === undefined) return [];
    const others = logprob['top_logprobs'];
    const top = Array.isArray(others) ? (others as readonly unknown[]) : [];
    return [{ ...encoded, top_logprobs: top.flatMap((other) => encodeLogprob(other) ?? []) }];
  });
}

/** @returns undefined for a value that no client could read */
function encodeLogprob(json: unknown): JsonObject | undefined {
  if (!isJsonObject(json)) return undefined;
  const { token, logprob, bytes } = json;
  if (typeof token !== 'string' || typeof logprob !== 'number') return undefined;
  return { token, logprob, bytes: Array.isArray(bytes) ? (bytes as readonly unknown[]) : [...Buffer.from(token)] };
}
