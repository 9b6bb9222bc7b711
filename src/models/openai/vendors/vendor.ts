import type {
  AppConfig,
  CommonProviderValues,
  ProviderDeclaration,
  Settings,
  SettingValues,
} from '../../../config/index.js';
import type { Capabilities } from '../capabilities.js';
import type { Endpoint } from '../endpoint.js';

/** The values of one provider's settings. */
export type ProviderValues = AppConfig['providers'][string];

/**
 * A provider that is called through the `openai` SDK: its settings, its address and its capabilities.
 * @typeParam Key names of its own settings
 * @typeParam OwnValues values of its own settings
 */
export interface Vendor<
  Name extends string = string,
  Key extends string = string,
  OwnValues = ProviderValues,
> extends ProviderDeclaration {
  readonly name: Name;
  /** Names of the settings that must be set; of a nested list, one is enough. */
  readonly needs: readonly (Key | 'baseUrl' | readonly (Key | 'baseUrl')[])[];
  /** Its capabilities in general; single models may have fewer. */
  readonly capabilities: Capabilities;
  /** Finds its address and credential, once everything that it needs is set. */
  readonly findEndpoint: (values: CommonProviderValues & OwnValues) => Endpoint;
  /** Finds the capabilities of another server at the given address. */
  readonly adapt?: (address: URL) => Partial<Capabilities>;
  /** True if its key has a header of its own, so that the address may hold a user as well. */
  readonly hasKeyHeader?: boolean;
}

/** A vendor with the names of its own settings. */
type DefinedVendor<Name extends string, Own extends Settings> = Omit<Vendor<Name>, 'settings'> & {
  readonly settings: Own;
};

/** Checks, by its type, that a vendor uses only the settings that it declares. */
export function defineVendor<const Name extends string, Own extends Settings>(
  vendor: Vendor<Name, keyof Own & string, SettingValues<Own>> & { readonly settings: Own },
): DefinedVendor<Name, Own> {
  return vendor as unknown as DefinedVendor<Name, Own>;
}
