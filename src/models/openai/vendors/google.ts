import { addressPart, optional, providerKey, setting } from '../../../config/index.js';
import type { Message } from '../../message.js';
import type { Capabilities, RequestRule } from '../capabilities.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

/** Google's documented placeholder for an unknown signature (ai.google.dev/gemini-api/docs/thought-signatures). */
const NO_SIGNATURE = { google: { thought_signature: 'skip_thought_signature_validator' } };

/**
 * Gemini 3 signs the first tool call of each completion and responds 400 if the call comes back unsigned. OpenAI clients drop
 * unknown fields, so the signature is lost; this puts a placeholder in its place. A signature that is present is kept.
 */
const signToolCalls: RequestRule = (call) => {
  if (!call.messages.some((message) => message.role === 'assistant' && message.tool_calls?.length)) return call;
  return { ...call, messages: call.messages.map(signFirstCall) };
};

const GEMINI: Capabilities = { ...COMPATIBLE, reasoningTags: ['thought'], rules: [signToolCalls] };

/** Google's Gemini API. */
export const google = defineVendor({
  name: 'google',
  settings: { key: providerKey('GOOGLE_API_KEY'), geminiKey: providerKey('GEMINI_API_KEY') },
  needs: [['key', 'geminiKey']],
  findEndpoint: ({ baseUrl = 'https://generativelanguage.googleapis.com/v1beta/openai', key, geminiKey }) => ({
    baseUrl,
    apiKey: chooseKey(key, geminiKey),
  }),
  capabilities: GEMINI,
  conventionalName: 'gcp.gemini',
  sharedPrefixes: ['GOOGLE'],
  knownElsewhere: { GOOGLE_GENERATIVE_AI_API_KEY: 'GOOGLE_API_KEY', GOOGLE_GEMINI_API_KEY: 'GOOGLE_API_KEY' },
});

/** Gemini models on Google's Vertex AI. */
export const googleVertexAi = defineVendor({
  name: 'google_vertex_ai',
  settings: {
    project: optional('GOOGLE_VERTEX_AI_PROJECT', addressPart),
    location: setting('GOOGLE_VERTEX_AI_LOCATION', addressPart, 'global'),
    token: providerKey('GOOGLE_VERTEX_AI_ACCESS_TOKEN', { isShortLived: true }),
  },
  needs: [['project', 'baseUrl'], 'token'],
  findEndpoint: ({ baseUrl, project = '', location, token }) => ({
    baseUrl: baseUrl ?? makeVertexUrl(project, location),
    apiKey: chooseKey(token),
  }),
  capabilities: GEMINI,
  conventionalName: 'gcp.vertex_ai',
});

function makeVertexUrl(project: string, location: string): string {
  const host = location === 'global' ? 'aiplatform.googleapis.com' : `${location}-aiplatform.googleapis.com`;
  return `https://${host}/v1/projects/${project}/locations/${location}/endpoints/openapi`;
}

function signFirstCall(message: Message): Message {
  if (message.role !== 'assistant') return message;
  const [first, ...others] = message.tool_calls ?? [];
  if (first === undefined || 'extra_content' in first) return message;
  const call = { ...first, extra_content: NO_SIGNATURE };
  return { ...message, tool_calls: [call, ...others] };
}
