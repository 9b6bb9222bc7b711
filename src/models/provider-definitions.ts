import type { ProviderVariable, ProviderVariables } from '../config/index.js';
import { findCompatibility } from './compatible-servers.js';
import { findKey } from './key-file.js';
import { ModelProvider } from './model-provider.js';
import {
  type Capabilities,
  type Endpoint,
  MISTRAL_MESSAGES,
  OPENAI_CAPABILITIES,
  PLAIN_MESSAGES,
  renamed,
  signedToolCalls,
  without,
  withoutUnusedTools,
} from './openai/index.js';
import { THINK_TAGS } from './reasoning-tags.js';

/** What is particular to one provider that is called through the `openai` SDK. */
export interface ProviderDefinition {
  /** What must be set; of a list in the list, one suffices. */
  readonly needs: readonly (ProviderVariable | readonly ProviderVariable[])[];
  /** Where the provider is, once everything it needs is set. */
  readonly endpoint: (set: ProviderVariables) => Endpoint;
  /** What it can do in general; single models can do less. */
  readonly capabilities: Capabilities;
  /** What the server at an address can do that is not the provider's own. */
  readonly adapt?: (address: URL) => Partial<Capabilities>;
}

/** What is no server of OpenAI's. */
const COMPATIBLE: Capabilities = { ...OPENAI_CAPABILITIES, messages: PLAIN_MESSAGES, streamedAudio: 'any' };
const GEMINI: Capabilities = { ...COMPATIBLE, reasoningTags: ['thought'], rules: [signedToolCalls] };

/** The providers behind an OpenAI-compatible interface. Sources for each line: docs/providers.md. */
export const PROVIDER_DEFINITIONS: Readonly<Record<Exclude<ModelProvider, 'demo'>, ProviderDefinition>> = {
  [ModelProvider.OPENAI]: {
    needs: [['OPENAI_API_KEY', 'OPENAI_BASE_URL']],
    endpoint: (set) => ({
      baseUrl: set.OPENAI_BASE_URL ?? 'https://api.openai.com/v1',
      apiKey: findKey(set, 'OPENAI_API_KEY'),
    }),
    capabilities: OPENAI_CAPABILITIES,
    adapt: findCompatibility,
  },
  [ModelProvider.AZURE_OPENAI]: {
    needs: [['AZURE_OPENAI_ENDPOINT', 'AZURE_OPENAI_BASE_URL'], 'AZURE_OPENAI_API_KEY'],
    endpoint: (set) => ({
      baseUrl:
        set.AZURE_OPENAI_BASE_URL ??
        `${withoutSlash(set.AZURE_OPENAI_ENDPOINT)}/openai${set.OPENAI_API_VERSION === undefined ? '/v1' : ''}`,
      apiKey: findKey(set, 'AZURE_OPENAI_API_KEY'),
      azureApiVersion: set.OPENAI_API_VERSION,
    }),
    capabilities: OPENAI_CAPABILITIES,
  },
  [ModelProvider.ANTHROPIC]: {
    needs: ['ANTHROPIC_API_KEY'],
    endpoint: (set) => ({
      baseUrl: set.ANTHROPIC_BASE_URL ?? 'https://api.anthropic.com/v1',
      apiKey: findKey(set, 'ANTHROPIC_API_KEY'),
    }),
    // It ignores response_format, and says so. Later system messages it moves to the first by itself.
    capabilities: {
      ...COMPATIBLE,
      messages: { ...PLAIN_MESSAGES, systemAnywhere: true },
      structuredOutput: 'tool',
      jsonObject: false,
    },
  },
  [ModelProvider.GOOGLE]: {
    needs: [['GOOGLE_API_KEY', 'GEMINI_API_KEY']],
    endpoint: (set) => ({
      baseUrl: set.GOOGLE_BASE_URL ?? 'https://generativelanguage.googleapis.com/v1beta/openai',
      apiKey: findKey(set, 'GOOGLE_API_KEY', 'GEMINI_API_KEY'),
    }),
    capabilities: GEMINI,
  },
  [ModelProvider.GOOGLE_VERTEX_AI]: {
    needs: [
      ['GOOGLE_VERTEX_AI_PROJECT', 'GOOGLE_VERTEX_AI_BASE_URL'],
      ['GOOGLE_VERTEX_AI_ACCESS_TOKEN', 'GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE'],
    ],
    endpoint: (set) => ({
      baseUrl: set.GOOGLE_VERTEX_AI_BASE_URL ?? vertexUrl(set),
      apiKey: findKey(set, 'GOOGLE_VERTEX_AI_ACCESS_TOKEN'),
    }),
    capabilities: GEMINI,
  },
  [ModelProvider.MISTRAL]: {
    needs: ['MISTRAL_API_KEY'],
    endpoint: (set) => ({
      baseUrl: set.MISTRAL_BASE_URL ?? 'https://api.mistral.ai/v1',
      apiKey: findKey(set, 'MISTRAL_API_KEY'),
    }),
    // It answers 422 for every field it does not know, and tells its usage unasked.
    capabilities: {
      ...OPENAI_CAPABILITIES,
      messages: MISTRAL_MESSAGES,
      streamOptions: false,
      reasoningTags: THINK_TAGS,
      rules: [
        renamed('max_completion_tokens', 'max_tokens'),
        renamed('seed', 'random_seed'),
        without('stream_options', 'user', 'store', 'service_tier', 'safety_identifier'),
        without('prompt_cache_key', 'prompt_cache_retention'),
      ],
    },
  },
  [ModelProvider.BEDROCK]: {
    needs: ['AWS_BEARER_TOKEN_BEDROCK', ['AWS_REGION', 'BEDROCK_AWS_REGION', 'BEDROCK_BASE_URL']],
    endpoint: (set) => ({
      baseUrl:
        set.BEDROCK_BASE_URL ??
        `https://bedrock-runtime.${set.BEDROCK_AWS_REGION ?? set.AWS_REGION}.amazonaws.com/openai/v1`,
      apiKey: findKey(set, 'AWS_BEARER_TOKEN_BEDROCK'),
    }),
    // Which of its models take a schema or a forced tool differs; all of them take instructions.
    capabilities: { ...COMPATIBLE, structuredOutput: 'prompt', jsonObject: false, reasoningTags: ['reasoning'] },
  },
  [ModelProvider.OLLAMA]: {
    needs: [],
    endpoint: (set) => ({
      baseUrl: set.OLLAMA_BASE_URL ?? 'http://localhost:11434/v1',
      apiKey: findKey(set, 'OLLAMA_API_KEY'),
    }),
    // It drops fields it does not know in silence: the limit has to have the name it knows, and it has no tool_choice.
    capabilities: {
      ...COMPATIBLE,
      parallelToolCalls: false,
      reasoningTags: THINK_TAGS,
      rules: [renamed('max_completion_tokens', 'max_tokens'), withoutUnusedTools],
    },
  },
};

function vertexUrl({
  GOOGLE_VERTEX_AI_PROJECT: project,
  GOOGLE_VERTEX_AI_LOCATION: place = 'global',
}: ProviderVariables): string {
  const host = place === 'global' ? 'aiplatform.googleapis.com' : `${place}-aiplatform.googleapis.com`;
  return `https://${host}/v1/projects/${project}/locations/${place}/endpoints/openapi`;
}

function withoutSlash(address = ''): string {
  return address.replace(/\/+$/, '');
}
