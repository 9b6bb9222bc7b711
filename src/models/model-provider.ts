import { VENDORS } from './openai/vendors/index.js';

type Vendors = typeof VENDORS;
type VendorNames = { readonly [K in keyof Vendors]: Vendors[K]['name'] };

/** The providers that an agent may name. What each needs and can do: docs/providers.md. */
export const ModelProvider = {
  ...(Object.fromEntries(Object.entries(VENDORS).map(([key, { name }]) => [key, name])) as VendorNames),
  /** The built-in offline engine. It is no language model and never says that it is one; off in production, unless `DEMO=on`. */
  DEMO: 'demo',
} as const;

/** Name of a provider, see the constants of the same name. */
export type ModelProvider = (typeof ModelProvider)[keyof typeof ModelProvider];
