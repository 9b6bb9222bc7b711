import type { CommonProviderOptions, SettingOptions } from '../config/index.js';
import type { VENDORS } from './openai/vendors/index.js';

type KnownVendor = (typeof VENDORS)[keyof typeof VENDORS];

/** What a program can set of each provider of models, by its name; what is left out, the provider's variables say. */
export type ProviderOptions = {
  readonly [V in KnownVendor as V['name']]?: (CommonProviderOptions & SettingOptions<V['settings']>) | undefined;
};
