import { providerKey } from '../../../config/index.js';
import { OPENAI_CAPABILITIES } from '../capabilities.js';
import type { Message } from '../../message.js';
import { type MessageForm, PLAIN_MESSAGES } from '../request/message-form.js';
import { makeRenameRule } from '../request/rename-parameter.js';
import { dropParameters } from '../request/drop-parameters.js';
import { chooseKey } from './key-file.js';
import { THINK_TAGS } from './think-tags.js';
import { defineVendor } from './vendor.js';

const MISTRAL_FIELDS: Readonly<Partial<Record<Message['role'], readonly string[]>>> = {
  system: ['role', 'content'],
  user: ['role', 'content'],
  assistant: ['role', 'content', 'tool_calls', 'prefix'],
  tool: ['role', 'content', 'tool_call_id', 'name'],
};

/** Mistral responds 422 (`extra_forbidden`) to any unknown field of a message, such as a user's `name`. */
const MISTRAL_MESSAGES: MessageForm = {
  ...PLAIN_MESSAGES,
  keeps: (field, role) => MISTRAL_FIELDS[role]?.includes(field) ?? true,
};

/** Mistral's API. */
export const mistral = defineVendor({
  name: 'mistral',
  settings: { key: providerKey('MISTRAL_API_KEY') },
  needs: ['key'],
  findEndpoint: ({ baseUrl = 'https://api.mistral.ai/v1', key }) => ({ baseUrl, apiKey: chooseKey(key) }),
  conventionalName: 'mistral_ai',
  ownPrefixes: ['MISTRAL'],
  // Mistral responds 422 to every unknown field, and reports usage without being asked.
  capabilities: {
    ...OPENAI_CAPABILITIES,
    messages: MISTRAL_MESSAGES,
    streamOptions: false,
    reasoningTags: THINK_TAGS,
    rules: [
      makeRenameRule('max_completion_tokens', 'max_tokens'),
      makeRenameRule('seed', 'random_seed'),
      dropParameters('stream_options', 'user', 'store', 'service_tier', 'safety_identifier'),
      dropParameters('prompt_cache_key', 'prompt_cache_retention'),
    ],
  },
});
