import type { ModelParameters } from '../models/index.js';
import { findGroup, type ParameterGroup } from '../workflow/index.js';

/** Picks the client's parameters of the given groups, unchanged. A null value means "not given" for all of them. */
export function pickForwardedParameters(
  parameters: ModelParameters,
  groups: readonly ParameterGroup[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name, value]) => {
      const group = findGroup(name);
      return value !== null && group !== undefined && groups.includes(group);
    }),
  );
}
