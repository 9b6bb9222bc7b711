import type { CommonProviderOptions, SettingOptions } from '../config/index.js';
import type { VENDORS } from './openai/vendors/index.js';

type KnownVendor = (typeof VENDORS)[keyof typeof VENDORS];

/** Settings of model providers in code, by provider name. For those left out, the provider's variables count. */
export type ProviderOptions = {
  readonly [V in KnownVendor as V['name']]?: (CommonProviderOptions & SettingOptions<V['settings']>) | undefined;
};
