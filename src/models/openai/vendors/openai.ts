import { providerKey } from '../../../config/index.js';
import { OPENAI_CAPABILITIES } from '../capabilities.js';
import { findCompatibility } from './compatible.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

/** OpenAI, or another server that speaks its protocol. */
export const openai = defineVendor({
  name: 'openai',
  defaultModel: 'gpt-5.4-mini',
  settings: { key: providerKey('OPENAI_API_KEY') },
  needs: [['key', 'baseUrl']],
  findEndpoint: ({ baseUrl = 'https://api.openai.com/v1', key }) => ({ baseUrl, apiKey: chooseKey(key) }),
  capabilities: OPENAI_CAPABILITIES,
  adapt: findCompatibility,
  ownPrefixes: ['OPENAI'],
  knownElsewhere: {
    OPENAI_API_BASE: 'OPENAI_BASE_URL',
    OPENAI_API_BASE_URL: 'OPENAI_BASE_URL',
    OPENAI_API_HOST: 'OPENAI_BASE_URL',
    OPENAI_API_URL: 'OPENAI_BASE_URL',
    OPENAI_KEY: 'OPENAI_API_KEY',
    OPENAI_SECRET_KEY: 'OPENAI_API_KEY',
    OPENAI_TOKEN: 'OPENAI_API_KEY',
  },
  ignored: {
    OPENAI_ORG_ID: 'Requests name no organization: the key decides.',
    OPENAI_ORGANIZATION: 'Requests name no organization: the key decides.',
    OPENAI_PROJECT_ID: 'Requests name no project: the key decides.',
    OPENAI_TIMEOUT: 'Set UPSTREAM_FIRST_TOKEN_TIMEOUT_MS.',
    OPENAI_MAX_RETRIES: 'Set UPSTREAM_MAX_RETRIES.',
  },
});
