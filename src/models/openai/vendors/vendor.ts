import type { AppConfig, CommonProviderValues, ProviderDeclaration, Settings, Values } from '../../../config/index.js';
import type { Capabilities } from '../capabilities.js';
import type { Endpoint } from '../endpoint.js';

/** What the settings of one provider come to. */
export type ProviderValues = AppConfig['providers'][string];

/**
 * A provider that is called through the `openai` SDK: what it reads from the environment, where it is, and what it can do.
 * The parameters are what its own settings are called, and what they come to.
 */
export interface Vendor<
  Name extends string = string,
  Key extends string = string,
  OwnValues = ProviderValues,
> extends ProviderDeclaration {
  readonly name: Name;
  /** What must be set, by what the program calls it; of a list in the list, one suffices. */
  readonly needs: readonly (Key | 'baseUrl' | readonly (Key | 'baseUrl')[])[];
  /** What it can do in general; single models can do less. */
  readonly capabilities: Capabilities;
  /** Where it is, once everything it needs is set. */
  readonly findEndpoint: (values: CommonProviderValues & OwnValues) => Endpoint;
  /** What the server at an address can do that is not the provider's own. */
  readonly adapt?: (address: URL) => Partial<Capabilities>;
  /** True: its key has a header of its own, so that there may be a user in the address as well. */
  readonly hasKeyHeader?: boolean;
}

/** A vendor that is like any other, but for what its own settings are called. */
type DefinedVendor<Name extends string, Own extends Settings> = Omit<Vendor<Name>, 'settings'> & {
  readonly settings: Own;
};

/** Checks that a vendor uses the settings that it declares, and no others. */
export function defineVendor<const Name extends string, Own extends Settings>(
  vendor: Vendor<Name, keyof Own & string, Values<Own>> & { readonly settings: Own },
): DefinedVendor<Name, Own> {
  return vendor as unknown as DefinedVendor<Name, Own>;
}
