import { describe, expect, it } from '@jest/globals';
import { findConfigFaults } from '../../test/support/config-faults.js';
import { type ProviderDeclaration, providerKey } from './provider-settings.js';
import { readConfig } from './read-config.js';

const ACME: ProviderDeclaration = {
  name: 'acme',
  settings: { key: providerKey('ACME_API_KEY') },
  ownPrefixes: ['ACME'],
  conventionalName: 'acme.ai',
};

describe('a provider that has only a declaration', () => {
  it('has its own settings and those of all providers', () => {
    const { providers } = readConfig({ ACME_API_KEY: 'k', ACME_MODEL: 'm' }, [ACME]);
    expect(providers['acme']).toMatchObject({ key: { value: 'k' }, model: 'm', streams: true });
  });

  it('names the right setting for a variable that has its prefix but other words', () => {
    expect(findConfigFaults({ ACME_URL: 'x' }, [ACME])).toEqual([
      'ACME_URL is not a setting of Millrace. Did you mean ACME_BASE_URL?',
    ]);
  });

  it('guesses nothing for a prefix that it shares with other programs', () => {
    expect(findConfigFaults({ ACME_URL: 'x' }, [{ ...ACME, ownPrefixes: [], sharedPrefixes: ['ACME'] }])).toEqual([]);
  });

  it('is named in traces as the conventions name it', () => {
    expect(readConfig({}, [ACME]).tracing.providerNames).toEqual({ acme: 'acme.ai' });
  });
});
