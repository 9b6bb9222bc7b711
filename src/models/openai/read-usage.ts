import { isPresent } from '../../kernel/index.js';
import type { Usage, UsageDetails } from '../usage.js';

/** A type whose fields can be assigned one by one, which is several times as fast as conditional spreads. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Longest name of a model, a fingerprint, a tier or a detail of usage, in characters; longer ones are ignored. */
const MAX_NAME_LENGTH = 256;
/** Most entries of the usage details; OpenAI has four. */
const MAX_USAGE_DETAILS = 32;
/** Highest believable token count of one call. */
const MAX_TOKENS = 1_000_000_000;

/** Reads the usage that an upstream reports; undefined if it makes no sense. */
export function readUsage(usage: Record<string, unknown>): Usage | undefined {
  const prompt = readCount(usage['prompt_tokens']);
  const completion = readCount(usage['completion_tokens']);
  if (prompt === undefined && completion === undefined) return undefined;
  // A senseless count makes the other doubtful too, and limits depend on both.
  if (isNonsense(usage['prompt_tokens'], prompt) || isNonsense(usage['completion_tokens'], completion))
    return undefined;
  const promptDetails = readDetails(usage['prompt_tokens_details']);
  const completionDetails = readDetails(usage['completion_tokens_details']);
  const known: Writable<Usage> = {
    prompt_tokens: prompt ?? 0,
    completion_tokens: completion ?? 0,
    // The total exceeds the sum if reasoning is counted apart, but is never less.
    total_tokens: Math.max(readCount(usage['total_tokens']) ?? 0, (prompt ?? 0) + (completion ?? 0)),
  };
  if (promptDetails !== undefined) known.prompt_tokens_details = promptDetails;
  if (completionDetails !== undefined) known.completion_tokens_details = completionDetails;
  return known;
}

/** Whether a value is a name that is short enough to be passed on. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH;
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= MAX_TOKENS ? Math.trunc(value) : undefined;
}

function isNonsense(value: unknown, counted: number | undefined): boolean {
  return counted === undefined && isPresent(value);
}

function readDetails(value: unknown): UsageDetails | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const counts = new Map<string, number>();
  for (const [name, part] of Object.entries(value)) {
    const whole = readCount(part);
    if (whole !== undefined && isName(name)) counts.set(name, whole);
    if (counts.size === MAX_USAGE_DETAILS) break;
  }
  return counts.size === 0 ? undefined : Object.fromEntries(counts);
}
