import type { RequestRule } from '../capabilities.js';

/**
 * Makes a rule that drops parameters which a provider refuses. Use it only for parameters that do not change the output;
 * others must be sent, so that the provider's refusal reaches the client.
 */
export function dropParameters(...names: readonly string[]): RequestRule {
  return (call) => {
    if (!names.some((name) => Object.hasOwn(call.parameters, name))) return call;
    const kept = Object.entries(call.parameters).filter(([name]) => !names.includes(name));
    return { ...call, parameters: Object.fromEntries(kept) };
  };
}
