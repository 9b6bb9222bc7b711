import type { RequestRule } from '../capabilities.js';

/**
 * For a provider that refuses parameters it does not know. Meant for those that leave the completion as it is; one that would
 * change it is sent, so that the provider's refusal reaches the client.
 */
export function dropParameters(...names: readonly string[]): RequestRule {
  return (call) => {
    if (!names.some((name) => Object.hasOwn(call.parameters, name))) return call;
    const kept = Object.entries(call.parameters).filter(([name]) => !names.includes(name));
    return { ...call, parameters: Object.fromEntries(kept) };
  };
}
