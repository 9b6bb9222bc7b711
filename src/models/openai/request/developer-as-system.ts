import type { RequestRule } from '../capabilities.js';

/** For providers that do not know the role `developer`, OpenAI's newer name of `system`. */
export const developerAsSystem: RequestRule = (call) => {
  if (!call.messages.some(({ role }) => role === 'developer')) return call;
  const messages = call.messages.map((message) =>
    message.role === 'developer' ? { ...message, role: 'system' as const } : message,
  );
  return { ...call, messages };
};
