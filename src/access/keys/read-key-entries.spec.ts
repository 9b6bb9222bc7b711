import { describe, expect, it } from '@jest/globals';
import { KeyFileError } from './key-file-error.js';
import { readKeyEntries } from './read-key-entries.js';

const HASH = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

async function findFaults(text: string): Promise<readonly string[]> {
  try {
    await readKeyEntries(text);
    return [];
  } catch (error) {
    if (error instanceof KeyFileError) return error.faults;
    throw error;
  }
}

describe('readKeyEntries', () => {
  it('reads YAML and JSON', async () => {
    const yaml = `
# Of the team
- name: ci
  hash: ${HASH}
  workflows: [chat, research*]
  limits: { requestsPerMinute: 60, tokensPerMinute: 0 }
  expires: 2027-01-31
- { name: ann@example.com, hash: "${OTHER}", disabled: true }
`;
    const entries = [
      {
        name: 'ci',
        hash: HASH,
        workflows: ['chat', 'research*'],
        limits: { requestsPerMinute: 60, tokensPerMinute: 0 },
        expires: '2027-01-31',
      },
      { name: 'ann@example.com', hash: OTHER, disabled: true },
    ];
    expect(await readKeyEntries(yaml)).toEqual(entries);
    expect(await readKeyEntries(JSON.stringify(entries))).toEqual(entries);
    expect(await readKeyEntries('[]')).toEqual([]);
  });

  it('lists every fault of every entry with its place and name, but without hashes', async () => {
    const faults = await findFaults(`
- name: ci
  hash: sha256:abc
  workflow: chat
- hash: ${HASH}
  limits: { requestsPerMinute: -1, perDay: 5 }
- just text
- name: ci
  hash: ${HASH}
  workflows: chat
  expires: tomorrow
  disabled: "yes"
- name: dee
  hash: ${OTHER}
  limits: 5
`);
    expect(faults).toEqual([
      'entry 1 ("ci"): there is no workflow',
      'entry 1 ("ci"): hash must be sha256: and 64 lower-case hex digits',
      'entry 2: name must consist of 1 to 64 letters, digits and . @ _ -',
      'entry 2: there is no limits.perDay',
      'entry 2: limits.requestsPerMinute must be a whole number, 0 for no limit',
      'entry 3: must be a map with a name and a hash',
      'entry 4 ("ci"): workflows must be a list of ids, in which * stands for any characters',
      'entry 4 ("ci"): disabled must be true or false',
      'entry 4 ("ci"): expires must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00+01:00',
      'entry 4 ("ci"): another entry has the same name',
      'entry 4 ("ci"): another entry has the same hash',
      'entry 5 ("dee"): limits must be a map of requestsPerMinute, tokensPerMinute and concurrentStreams',
    ]);
  });

  it.each(['', 'keys: []', '5', 'null'])('refuses %j, which is not a list', async (text) => {
    expect(await findFaults(text)).toEqual(['must hold a list of entries, each with a name and a hash']);
  });

  it('says where the text is broken without quoting it', async () => {
    const [fault = ''] = await findFaults(`- name: ci\n  hash: "${HASH}\n`);
    expect(fault).toMatch(/^is neither YAML nor JSON: .*line \d/);
    expect(fault).not.toContain('aaaa');
  });

  it('does not let __proto__ set a field', async () => {
    const [entry] = await readKeyEntries(`[{ "name": "ci", "hash": "${HASH}", "__proto__": { "disabled": true } }]`);
    expect([entry?.disabled, 'disabled' in {}]).toEqual([undefined, false]);
  });

  it.each(['20200131', '"20200131"', '2020-W05', '2020-01-31T10', '2020-02-31', '{}', '""'])(
    'refuses an expiry that it cannot read: %s',
    async (expires) => {
      expect(await findFaults(`- { name: ci, hash: "${HASH}", expires: ${expires} }`)).toEqual([
        expect.stringMatching(/^entry 1 \("ci"\): expires must be a date such as/),
      ]);
    },
  );

  it.each([
    ['name', 'name must consist of'],
    ['hash', 'hash must be sha256:'],
    ['workflows', 'workflows must be a list'],
    ['limits', 'limits must be a map'],
    ['disabled', 'disabled must be true or false'],
    ['expires', 'expires must be a date'],
  ])('does not take a %s without a value for an absent one', async (field, message) => {
    const fields = { name: 'ci', hash: `"${HASH}"`, [field]: '' };
    const yaml = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    const json = { name: 'ci', hash: HASH, [field]: null };
    for (const text of [`- ${yaml.join('\n  ')}\n`, JSON.stringify([json])]) {
      expect(await findFaults(text)).toEqual([expect.stringMatching(`^entry 1.*: ${message}`)]);
    }
  });

  it('refuses blank limits and blank ids of workflows', async () => {
    const faults = await findFaults(`
- name: ci
  hash: ${HASH}
  limits: { requestsPerMinute: , tokensPerMinute: null, concurrentStreams: ~ }
- { name: ann, hash: "${OTHER}", workflows: [chat, "", "  ", ] }
- { name: bob, hash: "${HASH.replace('a'.repeat(9), 'c'.repeat(9))}", workflows: [null] }
`);
    expect(faults).toEqual([
      'entry 1 ("ci"): limits.requestsPerMinute must be a whole number, 0 for no limit',
      'entry 1 ("ci"): limits.tokensPerMinute must be a whole number, 0 for no limit',
      'entry 1 ("ci"): limits.concurrentStreams must be a whole number, 0 for no limit',
      'entry 2 ("ann"): workflows must hold no empty id',
      'entry 3 ("bob"): workflows must be a list of ids, in which * stands for any characters',
    ]);
  });

  it('names a hundred faults and counts the rest', async () => {
    const faults = await findFaults(JSON.stringify(Array.from({ length: 1_000 }, () => 5)));
    expect(faults).toHaveLength(101);
    expect(faults.at(-1)).toBe('… and 900 more faults');
  });

  it('reads every entry of a long list, once and in order', async () => {
    const entries = Array.from({ length: 1_001 }, (_, index) => ({
      name: `key-${index}`,
      hash: `sha256:${index.toString(16).padStart(64, '0')}`,
    }));
    expect(await readKeyEntries(JSON.stringify(entries))).toEqual(entries);
  });
});
