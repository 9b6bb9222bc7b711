import { providerKey } from '../../../config/index.js';
import type { RequestRule } from '../capabilities.js';
import { makeRenameRule } from '../request/rename-parameter.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { THINK_TAGS } from './think-tags.js';
import { defineVendor } from './vendor.js';

/** Ollama does not know `tool_choice: "none"`, so tools that must not be called are not offered. */
const dropUnusedTools: RequestRule = (call) => {
  if (call.parameters['tool_choice'] !== 'none') return call;
  const { tools: _tools, tool_choice: _choice, parallel_tool_calls: _parallel, ...parameters } = call.parameters;
  return { ...call, parameters };
};

/** A local Ollama server. */
export const ollama = defineVendor({
  name: 'ollama',
  settings: { key: providerKey('OLLAMA_API_KEY') },
  needs: [],
  findEndpoint: ({ baseUrl = 'http://localhost:11434/v1', key }) => ({ baseUrl, apiKey: chooseKey(key) }),
  // Ollama silently drops unknown fields, so the token limit needs the name that it knows.
  capabilities: {
    ...COMPATIBLE,
    parallelToolCalls: false,
    reasoningTags: THINK_TAGS,
    rules: [makeRenameRule('max_completion_tokens', 'max_tokens'), dropUnusedTools],
  },
  ignored: { OLLAMA_HOST: 'Set OLLAMA_BASE_URL.' },
  sharedPrefixes: ['OLLAMA'],
  // Ollama's own variable for its folder of models.
  foreign: ['OLLAMA_MODELS'],
});
