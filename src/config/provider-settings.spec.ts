import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../errors/index.js';
import { type ProviderDeclaration, providerKey } from './provider-settings.js';
import { readConfig } from './read-config.js';

const ACME: ProviderDeclaration = {
  name: 'acme',
  settings: { key: providerKey('ACME_API_KEY') },
  ownPrefixes: ['ACME'],
  conventionalName: 'acme.ai',
};

function findFaults(provider: ProviderDeclaration, variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(variables, [provider]);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('a provider of which nothing but its declaration is known', () => {
  it('has its own settings and those of all providers', () => {
    const { providers } = readConfig({ ACME_API_KEY: 'k', ACME_MODEL: 'm' }, [ACME]);
    expect(providers['acme']).toMatchObject({ key: { value: 'k' }, model: 'm', streams: true });
  });

  it('has its settings named to whoever writes a variable with its prefix in other words', () => {
    expect(findFaults(ACME, { ACME_URL: 'x' })).toEqual([
      'ACME_URL is no setting of this server. Did you mean ACME_BASE_URL?',
    ]);
  });

  it('has nothing guessed of a prefix that it shares with other programs', () => {
    expect(findFaults({ ...ACME, ownPrefixes: [], sharedPrefixes: ['ACME'] }, { ACME_URL: 'x' })).toEqual([]);
  });

  it('has the name in traces that the conventions have for it', () => {
    expect(readConfig({}, [ACME]).tracing.providerNames).toEqual({ acme: 'acme.ai' });
  });
});
