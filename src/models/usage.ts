/** Token counts of one model call, or summed over the calls of a run, by OpenAI's names. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details?: UsageDetails;
  readonly completion_tokens_details?: UsageDetails;
}

/** Parts of a count: `cached_tokens`, `reasoning_tokens` and others that an upstream reports. */
export type UsageDetails = Readonly<Record<string, number>>;

/** Adds two usages, details by name. */
export function addUsage(a: Usage | undefined, b: Usage): Usage {
  if (a === undefined) return b;
  const prompt = addDetails(a.prompt_tokens_details, b.prompt_tokens_details);
  const completion = addDetails(a.completion_tokens_details, b.completion_tokens_details);
  return {
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    completion_tokens: a.completion_tokens + b.completion_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
    ...(prompt && { prompt_tokens_details: prompt }),
    ...(completion && { completion_tokens_details: completion }),
  };
}

/**
 * Subtracts an earlier usage from a later one, details by name.
 * @returns undefined if nothing is left
 */
export function subtractUsage(all: Usage, before: Usage | undefined): Usage | undefined {
  if (before === undefined) return all;
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details } = before;
  const negative = {
    prompt_tokens: -prompt_tokens,
    completion_tokens: -completion_tokens,
    total_tokens: -total_tokens,
    ...(prompt_tokens_details && { prompt_tokens_details: negate(prompt_tokens_details) }),
    ...(completion_tokens_details && { completion_tokens_details: negate(completion_tokens_details) }),
  };
  const rest = addUsage(all, negative);
  return rest.total_tokens > 0 || rest.prompt_tokens > 0 || rest.completion_tokens > 0 ? rest : undefined;
}

function negate(details: UsageDetails): UsageDetails {
  return Object.fromEntries(Object.entries(details).map(([name, count]) => [name, -count]));
}

function addDetails(a: UsageDetails | undefined, b: UsageDetails | undefined): UsageDetails | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const sum = new Map(Object.entries(a));
  for (const [name, count] of Object.entries(b)) sum.set(name, (sum.get(name) ?? 0) + count);
  return Object.fromEntries(sum);
}
