import type { RequestRule } from '../capabilities.js';

/** Makes a rule that renames a parameter. If both names are given, the renamed one wins. */
export function makeRenameRule(from: string, to: string): RequestRule {
  return (call) => {
    const { [from]: value, ...parameters } = call.parameters;
    return value === undefined ? call : { ...call, parameters: { ...parameters, [to]: value } };
  };
}
