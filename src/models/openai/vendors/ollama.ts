import { providerKey } from '../../../config/index.js';
import { renameParameter } from '../request/rename-parameter.js';
import { dropUnusedTools } from '../request/drop-unused-tools.js';
import { COMPATIBLE } from './compatible.js';
import { chooseKey } from './key-file.js';
import { THINK_TAGS } from './think-tags.js';
import { defineVendor } from './vendor.js';

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
  // Its folder of models.
  foreign: ['OLLAMA_MODELS'],
});
