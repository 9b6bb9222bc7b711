import { done, finish, type Json, role, type Step, text, toolCall, usage } from './steps.js';

/** The steps of an upstream for one request. */
export type Script = Step | readonly Step[];

/** Where a server reports usage. */
export type UsagePlace =
  /** OpenAI: an extra chunk without choices, if requested. */
  | 'extra-chunk'
  /** In the chunk with the finish reason, even if not requested. */
  | 'finish-chunk'
  /** vLLM's `continuous_usage_stats`: a running count on every chunk, and an extra chunk. */
  | 'every-chunk'
  | 'never';

/** Options of {@link scriptStream}. */
export interface ScriptOptions {
  /** Number of content chunks of equal length, cut at UTF-16 units; absent: one per word. */
  readonly pieces?: number;
  /** Absent: 10 prompt tokens, and one completion token per piece. */
  readonly usage?: Usage;
  /** Default `extra-chunk`. */
  readonly usagePlace?: UsagePlace;
  /** Default `stop`; a number, as some gateways send it; null omits the finish chunk. */
  readonly finish?: string | number | null;
  /** Whether `[DONE]` is sent. Default true. */
  readonly done?: boolean;
}

/** Token counts by OpenAI's names. */
export interface Usage extends Json {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** Makes a usage with a correct total; `details` are added or override it. */
export function tokens(prompt: number, completion: number, details: Json = {}): Usage {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, ...details };
}

/**
 * Scripts a whole ordinary stream: role, content, finish, usage, `[DONE]`.
 * @param content a text, which is cut into pieces, or the pieces themselves, with any steps (such as a gate) among them
 */
export function scriptStream(
  content: string | readonly (string | Step)[],
  options: ScriptOptions = {},
): readonly Step[] {
  const pieces = typeof content === 'string' ? cutIntoPieces(content, options.pieces) : content;
  const counts = options.usage ?? tokens(10, pieces.filter((piece) => typeof piece === 'string').length);
  const place = options.usagePlace ?? 'extra-chunk';
  let sent = 0;
  const countSoFar = (): { usage?: Json } =>
    place === 'every-chunk' ? { usage: tokens(counts.prompt_tokens, Math.min(++sent, counts.completion_tokens)) } : {};
  const reason = options.finish === undefined ? 'stop' : options.finish;
  const atFinish = place === 'finish-chunk' || place === 'every-chunk' ? { usage: counts } : {};
  return [
    role(),
    ...pieces.map((piece) => (typeof piece === 'string' ? text(piece, countSoFar()) : piece)),
    ...(reason === null ? [] : [finish(reason, atFinish)]),
    ...(place === 'extra-chunk' || place === 'every-chunk'
      ? [usage(counts, { onlyIfAsked: place === 'extra-chunk' })]
      : []),
    ...(options.done === false ? [] : [done()]),
  ];
}

/** Scripts the ordinary stream of a structured output: the value's JSON in pieces of about four characters, like tokens. */
export function scriptCompletion(value: unknown, options: ScriptOptions = {}): readonly Step[] {
  const json = JSON.stringify(value);
  return scriptStream(json, { pieces: Math.max(1, Math.ceil(json.length / 4)), ...options });
}

/** Scripts the ordinary stream of a tool call: its name first, then the JSON of `input` in pieces. */
export function scriptToolCalls(id: string, name: string, input: unknown): readonly Step[] {
  const json = JSON.stringify(input);
  return [
    role(null),
    toolCall({ index: 0, id, name, arguments: '' }),
    ...cutIntoPieces(json, Math.ceil(json.length / 4)).map((piece) => toolCall({ index: 0, arguments: piece })),
    finish('tool_calls'),
    usage(tokens(10, 5), { onlyIfAsked: true }),
    done(),
  ];
}

function cutIntoPieces(content: string, pieces: number | undefined): readonly string[] {
  if (pieces === undefined) return content.match(/\s*\S+|\s+$/g) ?? [];
  const size = Math.max(1, Math.ceil(content.length / pieces));
  return Array.from({ length: Math.ceil(content.length / size) }, (_, i) => content.slice(i * size, (i + 1) * size));
}
