import { address, addressPart, optional, providerKey } from '../../../config/index.js';
import { OPENAI_CAPABILITIES } from '../capabilities.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

/** OpenAI's models on Azure. */
export const azureOpenai = defineVendor({
  name: 'azure_openai',
  settings: {
    endpoint: optional(
      'AZURE_OPENAI_ENDPOINT',
      address({ example: 'https://name.openai.azure.com', credentials: true, query: false }),
    ),
    key: providerKey('AZURE_OPENAI_API_KEY'),
    /** Version of the dated API with deployments; undefined for the v1 API. */
    apiVersion: optional('OPENAI_API_VERSION', addressPart),
  },
  needs: [['endpoint', 'baseUrl'], 'key'],
  findEndpoint: ({ endpoint = '', baseUrl, key, apiVersion }) => ({
    baseUrl: baseUrl ?? `${endpoint.replace(/\/+$/, '')}/openai${apiVersion === undefined ? '/v1' : ''}`,
    apiKey: chooseKey(key),
    azureApiVersion: apiVersion,
  }),
  capabilities: OPENAI_CAPABILITIES,
  hasKeyHeader: true,
  conventionalName: 'azure.ai.openai',
  knownElsewhere: {
    AZURE_API_KEY: 'AZURE_OPENAI_API_KEY',
    AZURE_OPENAI_API_VERSION: 'OPENAI_API_VERSION',
    AZURE_OPENAI_DEPLOYMENT: 'AZURE_OPENAI_MODEL',
    AZURE_OPENAI_DEPLOYMENT_NAME: 'AZURE_OPENAI_MODEL',
    AZURE_OPENAI_API_DEPLOYMENT_NAME: 'AZURE_OPENAI_MODEL',
    AZURE_OPENAI_KEY: 'AZURE_OPENAI_API_KEY',
  },
  ignored: { AZURE_OPENAI_AD_TOKEN: 'Set AZURE_OPENAI_API_KEY.' },
});
