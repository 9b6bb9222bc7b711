import { providerKey } from '../../../config/index.js';
import { PLAIN_MESSAGES } from '../request/message-form.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

/** Anthropic's OpenAI-compatible API. */
export const anthropic = defineVendor({
  name: 'anthropic',
  settings: { key: providerKey('ANTHROPIC_API_KEY') },
  needs: ['key'],
  findEndpoint: ({ baseUrl = 'https://api.anthropic.com/v1', key }) => ({ baseUrl, apiKey: chooseKey(key) }),
  // Anthropic documents that it ignores response_format. It moves later system messages to the first one itself.
  capabilities: {
    ...COMPATIBLE,
    messages: { ...PLAIN_MESSAGES, systemAnywhere: true },
    structuredOutput: 'tool',
    jsonObject: false,
  },
  ownPrefixes: ['ANTHROPIC'],
  knownElsewhere: { ANTHROPIC_API_BASE: 'ANTHROPIC_BASE_URL', ANTHROPIC_API_URL: 'ANTHROPIC_BASE_URL' },
  ignored: { ANTHROPIC_AUTH_TOKEN: 'Set ANTHROPIC_API_KEY.' },
});
