import { isPresent } from '../../kernel/index.js';
import type { FinishedGeneration } from './finished-trace.js';

type Parameters = Readonly<Record<string, unknown>>;

/** Parameters with words from a fixed list, which may be kept even if content may not. */
const ENUMERATED: ReadonlySet<string> = new Set([
  'modalities',
  'reasoning_effort',
  'service_tier',
  'tool_choice',
  'verbosity',
]);

/** How texts in parameters are captured. */
interface ParameterCapture {
  /** False: keeps nothing that users wrote. */
  readonly content: boolean;
  readonly text: (value: string) => string;
}

/**
 * Splits the parameters of a model call into those that tracing backends take as such and all others. A nested value, such as
 * `tools`, among the former makes Langfuse's legacy endpoint refuse the whole observation.
 */
export function readModelParameters(
  all: Parameters,
  { content, text }: ParameterCapture,
): { readonly parameters: FinishedGeneration['parameters']; readonly others: Parameters } {
  const parameters: Record<string, number | string | boolean | readonly string[]> = {};
  const others: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(all)) {
    if (!isPresent(value)) continue;
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) parameters[name] = value;
    else if (!content && !ENUMERATED.has(name)) continue;
    else if (typeof value === 'string') parameters[name] = text(value);
    else if (isTexts(value)) parameters[name] = value.map(text);
    else others[name] = value;
  }
  return { parameters, others };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
