import type { FinishReason } from '../finish-reason.js';

/** The meaning of an upstream's finish reason; `failed`: the completion broke off by a failure. */
type Stop = FinishReason | 'failed';

/** OpenAI's finish reasons, which most servers use. */
const WORDS: ReadonlyMap<string, Stop> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['content_filter', 'content_filter'],
]);

/** Placeholders that some servers send while the completion continues. */
const NOT_YET = /^(null|none|not_finished|in_progress|)$/;

/**
 * Patterns for vendors' words, tried in this order: Gemini (MAX_TOKENS, SAFETY, RECITATION, MALFORMED_FUNCTION_CALL),
 * Anthropic and Bedrock (end_turn, max_tokens, tool_use, refusal, guardrail_intervened, model_context_window_exceeded),
 * Mistral (model_length), Cohere (COMPLETE, ERROR_TOXIC, ERROR_LIMIT), GLM (sensitive, network_error), DeepSeek
 * (insufficient_system_resource), vLLM and SGLang (abort, repetition), TGI (eos_token), watsonx (token_limit, time_limit).
 */
const KINDS: readonly (readonly [Stop, RegExp])[] = [
  ['failed', /rate_limit|overload|malformed|unexpected|insufficient|network|unavailable|too_many_tool|missing_thought/],
  [
    'content_filter',
    /filter|safety|sensitive|refus|recitation|block|prohibited|spii|guardrail|toxic|moderat|policy|^language$/,
  ],
  ['length', /length|max_|limit|context_window|truncat|incomplete|unfinished|repetition/],
  ['failed', /error|abort|cancel|fail|timeout/],
  ['tool_calls', /tool|function/],
  ['stop', /stop|eos|end_|^end|complete|finish|^done$|^normal$|pause/],
];

/** Gemini's words by number; some gateways send the numbers. */
const GEMINI_WORDS = [
  'not_finished',
  'stop',
  'max_tokens',
  'safety',
  'recitation',
  'other',
  'blocklist',
  'prohibited_content',
  'spii',
  'malformed_function_call',
];

/** Longest word that is read, in characters. */
const LONGEST_WORD = 64;

/**
 * Reads an upstream's `finish_reason`, regardless of case and separators.
 * @returns undefined if the completion continues; `unknown` for an unknown word
 */
export function readFinishReason(value: unknown): Stop | 'unknown' | undefined {
  if (typeof value === 'number') return readFinishReason(GEMINI_WORDS[value] ?? `number_${value}`);
  if (typeof value !== 'string' || value === '') return undefined;
  const known = WORDS.get(value);
  if (known !== undefined) return known;
  const word = value.slice(0, LONGEST_WORD).trim().toLowerCase().replaceAll(/[- ]/g, '_');
  if (NOT_YET.test(word)) return undefined;
  return KINDS.find(([, pattern]) => pattern.test(word))?.[0] ?? 'unknown';
}
