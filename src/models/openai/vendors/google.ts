import { addressPart, optional, providerKey, setting } from '../../../config/index.js';
import type { Capabilities } from '../capabilities.js';
import { signToolCalls } from '../request/sign-tool-calls.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

const GEMINI: Capabilities = { ...COMPATIBLE, reasoningTags: ['thought'], rules: [signToolCalls] };

export const google = defineVendor({
  name: 'google',
  settings: { key: providerKey('GOOGLE_API_KEY'), geminiKey: providerKey('GEMINI_API_KEY') },
  needs: [['key', 'geminiKey']],
  findEndpoint: ({ baseUrl = 'https://generativelanguage.googleapis.com/v1beta/openai', key, geminiKey }) => ({
    baseUrl,
    apiKey: chooseKey(key, geminiKey),
  }),
  capabilities: GEMINI,
  knownElsewhere: { GOOGLE_GENERATIVE_AI_API_KEY: 'GOOGLE_API_KEY', GOOGLE_GEMINI_API_KEY: 'GOOGLE_API_KEY' },
});

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
});

function makeVertexUrl(project: string, location: string): string {
  const host = location === 'global' ? 'aiplatform.googleapis.com' : `${location}-aiplatform.googleapis.com`;
  return `https://${host}/v1/projects/${project}/locations/${location}/endpoints/openapi`;
}
