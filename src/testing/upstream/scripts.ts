import { done, finish, type Json, role, type Step, text, toolCall, usage } from './steps.js';

/** What an upstream does for one request, in order. */
export type Script = Step | readonly Step[];

/** Where a server tells the usage. */
export type UsagePlace =
  /** OpenAI: an extra chunk without choices, if the request asked for it. */
  | 'extra-chunk'
  /** On the chunk with the finish reason, asked for or not. */
  | 'finish-chunk'
  /** vLLM's `continuous_usage_stats`: a running count on every chunk, and an extra chunk. */
  | 'every-chunk'
  | 'never';

/** How a usual stream differs from the most usual one. */
export interface StreamOptions {
  /** Number of content chunks of equal length, cut at UTF-16 units; absent: one per word. */
  readonly pieces?: number;
  /** Absent: 10 prompt tokens, and one completion token per piece. */
  readonly usage?: Usage;
  /** Default `extra-chunk`. */
  readonly usagePlace?: UsagePlace;
  /** Default `stop`; a number as some gateways have it; null leaves the finish chunk out. */
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

/** Counts that add up; `details` join or replace them. */
export function tokens(prompt: number, completion: number, details: Json = {}): Usage {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, ...details };
}

/**
 * The whole of a usual stream: role, content, finish, usage, `[DONE]`.
 * @param content the text, which is cut into pieces, or the pieces themselves with any steps (a gate, say) among them
 */
export function scriptStream(
  content: string | readonly (string | Step)[],
  options: StreamOptions = {},
): readonly Step[] {
  const pieces = typeof content === 'string' ? cut(content, options.pieces) : content;
  const counts = options.usage ?? tokens(10, pieces.filter((piece) => typeof piece === 'string').length);
  const place = options.usagePlace ?? 'extra-chunk';
  let sent = 0;
  const running = (): { usage?: Json } =>
    place === 'every-chunk' ? { usage: tokens(counts.prompt_tokens, Math.min(++sent, counts.completion_tokens)) } : {};
  const reason = options.finish === undefined ? 'stop' : options.finish;
  const atFinish = place === 'finish-chunk' || place === 'every-chunk' ? { usage: counts } : {};
  return [
    role(),
    ...pieces.map((piece) => (typeof piece === 'string' ? text(piece, running()) : piece)),
    ...(reason === null ? [] : [finish(reason, atFinish)]),
    ...(place === 'extra-chunk' || place === 'every-chunk'
      ? [usage(counts, { onlyIfAsked: place === 'extra-chunk' })]
      : []),
    ...(options.done === false ? [] : [done()]),
  ];
}

/** The usual stream of a structured answer: the value's JSON in pieces of about four characters, as tokens are. */
export function scriptCompletion(value: unknown, options: StreamOptions = {}): readonly Step[] {
  const json = JSON.stringify(value);
  return scriptStream(json, { pieces: Math.max(1, Math.ceil(json.length / 4)), ...options });
}

/** The usual stream of an answer that is one call of a tool: its name first, then the JSON of `input` in pieces. */
export function scriptToolCalls(id: string, name: string, input: unknown): readonly Step[] {
  const json = JSON.stringify(input);
  return [
    role(null),
    toolCall({ index: 0, id, name, arguments: '' }),
    ...cut(json, Math.ceil(json.length / 4)).map((piece) => toolCall({ index: 0, arguments: piece })),
    finish('tool_calls'),
    usage(tokens(10, 5), { onlyIfAsked: true }),
    done(),
  ];
}

function cut(content: string, pieces: number | undefined): readonly string[] {
  if (pieces === undefined) return content.match(/\s*\S+|\s+$/g) ?? [];
  const size = Math.max(1, Math.ceil(content.length / pieces));
  return Array.from({ length: Math.ceil(content.length / size) }, (_, i) => content.slice(i * size, (i + 1) * size));
}
