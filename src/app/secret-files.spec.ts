import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFaults } from '../../test/support/config-faults.js';
import { loadConfig } from './load-config.js';

describe('secrets in files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('are read for every secret, without the space around them', () => {
    const { providers, tracing, access } = loadConfig({
      OPENAI_API_KEY_FILE: file('openai', ' sk-1\n'),
      AWS_BEARER_TOKEN_BEDROCK_FILE: file('bedrock', 'bedrock-1'),
      MISTRAL_HEADERS_FILE: file('own-headers', 'x-key=a%20b,x-team=1\n'),
      LANGFUSE_PUBLIC_KEY_FILE: file('public', 'pk-1\r\n'),
      LANGFUSE_SECRET_KEY_FILE: file('secret', 'sk-2\n'),
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
      OTEL_EXPORTER_OTLP_HEADERS_FILE: file('headers', 'authorization=Bearer%20x\n'),
      REDIS_URL_FILE: file('redis', 'redis://:password@redis:6379\n'),
    });
    expect(providers).toMatchObject({
      openai: {
        key: {
          value: 'sk-1',
          place: 'OPENAI_API_KEY_FILE',
          file: { variable: 'OPENAI_API_KEY_FILE', path: join(folder, 'openai') },
        },
      },
      bedrock: { key: { value: 'bedrock-1' } },
      mistral: { headers: { 'x-key': 'a b', 'x-team': '1' } },
    });
    expect(tracing.langfuse).toMatchObject({ publicKey: 'pk-1', secretKey: 'sk-2' });
    expect(tracing.otlp?.headers).toEqual({ authorization: 'Bearer x' });
    expect(access.redisUrl).toBe('redis://:password@redis:6379');
  });

  it('must be readable, hold something, and be the only place of the secret; neither path nor content is quoted', () => {
    const faults = findConfigFaults({
      OPENAI_API_KEY_FILE: join(folder, 'secret-missing'),
      MISTRAL_API_KEY_FILE: folder,
      ANTHROPIC_API_KEY_FILE: file('secret-empty', ' \n'),
      LANGFUSE_SECRET_KEY_FILE: file('secret-1', 'secret-value'),
      LANGFUSE_SECRET_KEY: 'secret-value',
      GOOGLE_API_KEY_FILE: file('secret-broken', 'secret value'),
      PORT: 'x',
    });
    expect(faults).toHaveLength(6);
    expect(faults).toEqual(
      expect.arrayContaining([
        'OPENAI_API_KEY_FILE must name a file that can be read (ENOENT)',
        'MISTRAL_API_KEY_FILE must name a file that can be read (EISDIR)',
        'ANTHROPIC_API_KEY_FILE must name a file that holds the value: it is empty',
        'LANGFUSE_SECRET_KEY and LANGFUSE_SECRET_KEY_FILE must not both be set',
        expect.stringMatching(/^GOOGLE_API_KEY_FILE: GOOGLE_API_KEY must consist of visible ASCII/),
      ]),
    );
    expect(faults.join('\n')).not.toMatch(/secret-|secret value/);
  });

  it('may be written later where tokens are short-lived', () => {
    expect(findConfigFaults({ GOOGLE_VERTEX_AI_ACCESS_TOKEN_FILE: join(folder, 'missing') })).toEqual([]);
  });

  it('stop the start if their variable is misspelt', () => {
    expect(findConfigFaults({ OPENAI_APIKEY_FILE: 'x', OPENAI_API_KEY_FIEL: 'x' })).toEqual([
      'OPENAI_APIKEY_FILE is not a setting of Millrace. Did you mean OPENAI_API_KEY_FILE?',
      'OPENAI_API_KEY_FIEL is not a setting of Millrace. Did you mean OPENAI_API_KEY_FILE?',
    ]);
  });
});
