import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { findConfigFaults } from '../../test/support/config-faults.js';
import { readConfig } from './read-config.js';

const HASH = 'a'.repeat(64);
const JWT = {
  JWT_JWKS_URL: 'https://id.example.com/jwks.json',
  JWT_ISSUER: 'https://id.example.com',
  JWT_AUDIENCE: 'millrace, other',
};

describe('the variables of access', () => {
  it('turn keys into hashes, with names', () => {
    const { keys } = readConfig({ API_KEYS: `sk-one, ci=sha256:${HASH} ,c2VjcmV0==` }, []).access;
    expect(keys).toEqual([
      { name: 'key-1', hash: createHash('sha256').update('sk-one').digest('hex') },
      { name: 'ci', hash: HASH },
      { name: 'key-3', hash: createHash('sha256').update('c2VjcmV0==').digest('hex') },
    ]);
  });

  it.each([
    'sk-one,',
    'ci=sk-one',
    'ci=sha256:abc',
    `sha256:${HASH}`,
    `ci=sha256:${HASH.toUpperCase()}`,
    'sk one',
    'sk-öne',
    'sk-one,sk-one',
    `ci=sha256:${HASH},ci=sha256:${'b'.repeat(64)}`,
    `key-2=sha256:${HASH},sk-two`,
  ])('refuse the keys %s, and do not quote them', (keys) => {
    const [fault = '', ...others] = findConfigFaults({ API_KEYS: keys });
    expect(fault).toMatch(/^API_KEYS must be a list of keys/);
    expect(fault).not.toContain('one');
    expect(others).toEqual([]);
  });

  it('say which tokens are accepted', () => {
    const settings = { ...JWT, JWT_ALGORITHMS: 'ES256, PS512', JWT_WORKFLOWS_CLAIM: 'workflows' };
    expect(readConfig(settings, []).access.jwt).toEqual({
      jwksUrl: JWT.JWT_JWKS_URL,
      issuer: JWT.JWT_ISSUER,
      audiences: ['millrace', 'other'],
      algorithms: ['ES256', 'PS512'],
      workflowsClaim: 'workflows',
    });
  });

  it.each(Object.keys(JWT))('refuse an issuer without %s', (missing) => {
    expect(findConfigFaults({ ...JWT, [missing]: '' })).toEqual([
      `${missing} must be set: JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE need each other`,
    ]);
  });

  it.each(['HS256', 'none', 'RS256,HS512', ''].map((algorithms) => algorithms || 'RS256,'))(
    'refuse the algorithms %s',
    (algorithms) => {
      expect(findConfigFaults({ ...JWT, JWT_ALGORITHMS: algorithms })).toHaveLength(1);
    },
  );

  it.each(['redis://localhost', 'redis://user:pass@redis_1:6379/2', 'rediss://cache.example.com:6380'])(
    'accept %s for Redis',
    (url) => {
      expect(readConfig({ REDIS_URL: url }, []).access.redisUrl).toBe(url);
    },
  );

  it('report every wrong one', () => {
    const wrong = {
      REDIS_URL: 'localhost:6379',
      LIMIT_REQUESTS_PER_MINUTE: '-1',
      TOTAL_TOKENS_PER_MINUTE: '1.5',
      LIMIT_CONCURRENT_STREAMS: 'many',
      MAX_CONCURRENT_RUNS: 'x',
      MAX_QUEUE_WAIT_MS: '-1',
      IDEMPOTENCY_TTL_MS: '0',
      IDEMPOTENCY_MAX_BYTES: '0',
      TRUSTED_USER_HEADER: 'x user',
    };
    expect(findConfigFaults(wrong).map((fault) => fault.split(' ')[0])).toEqual(
      expect.arrayContaining(Object.keys(wrong)),
    );
  });

  it('read header names in any case', () => {
    const { userHeader, sessionHeader } = readConfig(
      {
        TRUSTED_USER_HEADER: 'X-User-Id',
        TRUSTED_SESSION_HEADER: 'x-session',
      },
      [],
    ).access;
    expect([userHeader, sessionHeader]).toEqual(['x-user-id', 'x-session']);
  });
});
