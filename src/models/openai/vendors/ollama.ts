import { providerKey } from '../../../config/index.js';
import type { RequestRule } from '../capabilities.js';
import { renameParameter } from '../request/rename-parameter.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { THINK_TAGS } from './think-tags.js';
import { defineVendor } from './vendor.js';

/** It does not know `tool_choice: "none"`: what must not be called is not offered. */
const dropUnusedTools: RequestRule = (call) => {
  if (call.parameters['tool_choice'] !== 'none') return call;
  const { tools: _tools, tool_choice: _choice, parallel_tool_calls: _parallel, ...parameters } = call.parameters;
  return { ...call, parameters };
};

export const ollama = defineVendor({
  name: 'ollama',
  settings: { key: providerKey('OLLAMA_API_KEY') },
  needs: [],
  findEndpoint: ({ baseUrl = 'http://localhost:11434/v1', key }) => ({ baseUrl, apiKey: chooseKey(key) }),
  // It drops fields it does not know in silence: the limit has to have the name it knows, and it has no tool_choice.
  capabilities: {
    ...COMPATIBLE,
    parallelToolCalls: false,
    reasoningTags: THINK_TAGS,
    rules: [renameParameter('max_completion_tokens', 'max_tokens'), dropUnusedTools],
  },
  ignored: { OLLAMA_HOST: 'Set OLLAMA_BASE_URL.' },
  sharedPrefixes: ['OLLAMA'],
  // Its folder of models.
  foreign: ['OLLAMA_MODELS'],
});
