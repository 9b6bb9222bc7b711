import { VENDORS } from './openai/vendors/index.js';

type Vendors = typeof VENDORS;
type VendorNames = { readonly [K in keyof Vendors]: Vendors[K]['name'] };

/** The providers that an agent may name. See docs/providers.md for what each needs and can do. */
export const ModelProvider = {
  ...(Object.fromEntries(Object.entries(VENDORS).map(([key, { name }]) => [key, name])) as VendorNames),
  /** The built-in offline engine, which is not a language model; off in production unless `DEMO=on`. */
  DEMO: 'demo',
} as const;

/** Name of a provider: the value of one of the constants with the same name. */
export type ModelProvider = (typeof ModelProvider)[keyof typeof ModelProvider];
