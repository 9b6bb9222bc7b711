import { addressPart, optional, providerKey } from '../../../config/index.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { defineVendor } from './vendor.js';

/** Amazon Bedrock's OpenAI-compatible API. */
export const bedrock = defineVendor({
  name: 'bedrock',
  settings: {
    key: providerKey('AWS_BEARER_TOKEN_BEDROCK'),
    awsRegion: optional('AWS_REGION', addressPart),
    /** Overrides `awsRegion`. */
    region: optional('BEDROCK_AWS_REGION', addressPart),
  },
  needs: ['key', ['awsRegion', 'region', 'baseUrl']],
  findEndpoint: ({ baseUrl, awsRegion, region = awsRegion, key }) => ({
    baseUrl: baseUrl ?? `https://bedrock-runtime.${region}.amazonaws.com/openai/v1`,
    apiKey: chooseKey(key),
  }),
  // Only some of its models take a schema or a forced tool, but all take instructions.
  capabilities: { ...COMPATIBLE, structuredOutput: 'prompt', jsonObject: false, reasoningTags: ['reasoning'] },
  conventionalName: 'aws.bedrock',
  ownPrefixes: ['BEDROCK'],
  sharedPrefixes: ['AWS'],
});
