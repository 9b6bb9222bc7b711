import type { RequestRule } from '../capabilities.js';

/** For a provider that has a parameter by another name. If both are given, the one that is to be renamed wins. */
export function renameParameter(from: string, to: string): RequestRule {
  return (call) => {
    const { [from]: value, ...parameters } = call.parameters;
    return value === undefined ? call : { ...call, parameters: { ...parameters, [to]: value } };
  };
}
