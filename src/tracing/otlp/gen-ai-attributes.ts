import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { FinishedGeneration, FinishedObservation, FinishedTrace } from '../recording/finished-trace.js';

/** The conventions' names of request parameters, by OpenAI's names. */
const PARAMETER_NAMES: Readonly<Record<string, string>> = {
  temperature: 'gen_ai.request.temperature',
  top_p: 'gen_ai.request.top_p',
  top_k: 'gen_ai.request.top_k',
  max_tokens: 'gen_ai.request.max_tokens',
  max_completion_tokens: 'gen_ai.request.max_tokens',
  frequency_penalty: 'gen_ai.request.frequency_penalty',
  presence_penalty: 'gen_ai.request.presence_penalty',
  seed: 'gen_ai.request.seed',
  n: 'gen_ai.request.choice.count',
};

/** Matches the names of tool spans. */
const TOOL_SPAN = /^tool:(.+)$/;

/**
 * Makes the attributes of OpenTelemetry's conventions for generative AI.
 * @param providerNames the conventions' names of model providers, by our own names; other providers keep theirs
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
export function makeGenAiAttributes(
  trace: FinishedTrace,
  observation: FinishedObservation,
  providerNames: Readonly<Record<string, string>>,
): Attributes {
  const { generation, startTime, level, statusMessage } = observation;
  const [, tool] = TOOL_SPAN.exec(observation.name) ?? [];
  return {
    ...(trace.sessionId !== undefined && { 'gen_ai.conversation.id': trace.sessionId }),
    ...(level === 'ERROR' && { 'error.type': /^[\w.-]+/.exec(statusMessage ?? '')?.[0] ?? '_OTHER' }),
    ...(tool !== undefined && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool }),
    ...(generation && makeGenerationAttributes(generation, startTime, providerNames)),
  };
}

function makeGenerationAttributes(
  generation: FinishedGeneration,
  startTime: number,
  providerNames: Readonly<Record<string, string>>,
): Attributes {
  const { provider, model, answeredBy, finishReason, firstTokenTime } = generation;
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': providerNames[provider] ?? provider,
    'gen_ai.request.model': model,
    ...(answeredBy !== undefined && { 'gen_ai.response.model': answeredBy }),
    ...(finishReason !== undefined && { 'gen_ai.response.finish_reasons': [finishReason] }),
    // The attribute is in seconds.
    ...(firstTokenTime !== undefined && {
      'gen_ai.response.time_to_first_chunk': Math.max(0, Math.round((firstTokenTime - startTime) * 1_000) / 1_000_000),
    }),
    ...makeParameterAttributes(generation.parameters),
    ...makeUsageAttributes(generation),
  };
}

function makeParameterAttributes({ stop, ...parameters }: FinishedGeneration['parameters']): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const known = PARAMETER_NAMES[name];
    if (known !== undefined && typeof value === 'number') attributes[known] = value;
  }
  if (typeof stop === 'string') attributes['gen_ai.request.stop_sequences'] = [stop];
  else if (typeof stop === 'object') attributes['gen_ai.request.stop_sequences'] = [...stop];
  return attributes;
}

/**
 * Makes the attributes of a usage. Unlike in Langfuse, cached and reasoning tokens are included in the input and output
 * counts.
 */
function makeUsageAttributes({ usage }: FinishedGeneration): Attributes {
  if (usage === undefined) return {};
  const cached = usage.prompt_tokens_details?.['cached_tokens'];
  const reasoning = usage.completion_tokens_details?.['reasoning_tokens'];
  return {
    'gen_ai.usage.input_tokens': usage.prompt_tokens,
    'gen_ai.usage.output_tokens': usage.completion_tokens,
    ...(cached !== undefined && { 'gen_ai.usage.cache_read.input_tokens': cached }),
    ...(reasoning !== undefined && { 'gen_ai.usage.reasoning.output_tokens': reasoning }),
  };
}
