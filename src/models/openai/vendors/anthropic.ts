import { providerKey } from '../../../config/index.js';
import { PLAIN_MESSAGES } from '../request/message-form.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

export const anthropic = defineVendor({
  name: 'anthropic',
  settings: { key: providerKey('ANTHROPIC_API_KEY') },
  needs: ['key'],
  findEndpoint: ({ baseUrl = 'https://api.anthropic.com/v1', key }) => ({ baseUrl, apiKey: chooseKey(key) }),
  // It ignores response_format, and says so. Later system messages it moves to the first by itself.
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
