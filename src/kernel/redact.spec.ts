import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redactPlaces, redactSecrets } from './redact.js';

/** Made up, in the forms that their issuers give them. Put together here: scanners of repositories look for such texts. */
const SECRETS = [
  ['sk', '-proj-4f9a8b7c6d5e4f3a2b1c'],
  ['sk', '-ant-api03-AbCdEfGhIjKlMnOp'],
  ['sk', '-or-v1-0123456789abcdef0123'],
  ['sk', '-****************************1c2d'],
  ['sk', '-lf-01234567-89ab-cdef'],
  ['sk', '_live_0123456789abcdef'],
  ['key', '-0123456789abcdef'],
  ['org', '-ABCDEFGHIJKL'],
  ['org', '-aBcDeFgHiJkLmNoPqRsTuVwX'],
  ['gsk', '_4f9a8b7c6d5e4f3a2b1c'],
  ['xai', '-4f9a8b7c6d5e4f3a2b1c'],
  ['hf', '_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEf'],
  ['r8', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKl'],
  ['nvapi', '-4f9a8b7c6d5e4f3a2b1c'],
  ['AIza', 'SyD-4f9a8b7c6d5e4f3a2b1c'],
  ['ya29', '.a0AfH6SMBx-4f9a8b'],
  ['AKIA', 'IOSFODNN7EXAMPLE'],
  ['ABSK', 'QmVkcm9ja0FQSUtleS1hYmNkZWY='],
  ['ghp', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKlMnOp'],
  ['github', '_pat_11ABCDEFG0abcdefghijkl'],
  ['glpat', '-4f9a8b7c6d5e4f3a2b1c'],
  ['xoxb', '-123456789012-123456789012-AbCdEfGhIjKl'],
  ['npm', '_4f9a8b7c6d5e4f3a2b1cAbCdEf'],
  ['SG', '.4f9a8b7c6d5e4f3a.2b1c4f9a8b7c6d5e'],
  ['eyJ', 'hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN'],
  ['Bearer ', 'abc123.def456'],
  ['Basic ', 'dXNlcjpwYXNzd29yZA=='],
  ['-----BEGIN RSA PRIVATE', ' KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----'],
].map((parts) => parts.join(''));

const PLACES = [
  'http://10.0.0.7:8000/v1/internal',
  'https://models.corp.example.com/v1?key=x',
  'redis://cache:6379/0',
  '10.0.0.7:8000',
  '192.168.1.20',
  '[fd00::7]:8000',
  'fe80::1ff:fe23:4567:890a',
  '2001:db8:85a3:0:0:8a2e:370:7334',
  'vllm-0.vllm.models.svc.cluster.local',
  'ip-10-0-0-1.eu-west-1.compute.internal:9000',
  'gpu7.lan',
  'vllm:8000',
  'localhost',
  'api.internal.acme.com',
  '/home/deploy/.cache/huggingface/token',
  '/mnt/nfs/models/llama',
  '~/secrets/key.pem',
  'C:\\Users\\deploy\\model.bin',
  '\\\\fileserver\\share\\model',
  'site-packages/vllm/engine.py',
];

describe('redactSecrets', () => {
  it.each(SECRETS)('takes out %s', (secret) => {
    for (const [before, after] of [
      ['', ''],
      ['The key ', ' is wrong.'],
      ['("', '")'],
      ['Grüße:\n', '\n'],
    ]) {
      const text = redactSecrets(`${before}${secret}${after}`);
      expect(text).toContain('[redacted]');
      expect(text).not.toContain(secret.slice(-6));
      expect(text.startsWith(before ?? '') && text.endsWith(after ?? '')).toBe(true);
    }
  });

  it.each([
    ['postgres://user:pa55word@db/x', 'postgres://[redacted]@db/x'],
    ['https://host/v1?api-key=0123456789&x=1', 'https://host/v1?api-key=[redacted]&x=1'],
    ['{"password": "correct horse"}', '{"password": "[redacted] horse"}'],
  ])('takes the secret out of %s', (text, redacted) => {
    expect(redactSecrets(text)).toBe(redacted);
  });

  it.each([
    'key_points, org_structure, proj_name, sess_id, key_performance_indicators, project-management',
    'The risk-adjusted task-list of a desk-based org-wide bearer of basic tokens',
    'Bearer authentication is required. Use Basic authentication or a Token based one.',
    '`max_tokens` must be at most 4096, not 9007199254740993',
    "Invalid value for 'temperature': 3 is larger than the maximum of 2.",
    'req_0e1b22ab53c940c2f2f6a9d1, chatcmpl-0e1b22ab53c940c2f2f6a9d1, trace 4bf92f3577b34da6a3ce929d0e0e4736',
    'gpt-5.4-mini, claude-sonnet-4-5-20250929, meta-llama/Llama-3.3-70B-Instruct',
  ])('leaves ordinary words alone: %s', (text) => {
    expect(redactSecrets(text)).toBe(text);
  });
});

describe('redactPlaces', () => {
  it.each(PLACES)('takes out %s', (place) => {
    expect(redactPlaces(`Cannot reach ${place} now`)).toBe('Cannot reach [redacted] now');
    expect(redactPlaces(`(at "${place}")`)).toBe('(at "[redacted]")');
  });

  it.each([
    ["HTTPConnectionPool(host='vllm-internal', port=80)", "HTTPConnectionPool(host='[redacted]', port=80)"],
    ['getaddrinfo ENOTFOUND models-prod', 'getaddrinfo ENOTFOUND [redacted]'],
  ])('knows a name by what stands before it: %s', (text, redacted) => {
    expect(redactPlaces(text)).toBe(redacted);
  });

  it.each([
    "Invalid type for 'messages[0].content': expected a string.",
    'tools.0.function.parameters: /messages/0/content does not fit, and/or response_format.json_schema.name',
    'This model has a context of 128,000 tokens; 130,001 were given at 12:34:56 (gpt-4.1, application/json).',
    'e.g. 0.5, i.e. more than 0.4; std::vector; 1.2.3',
  ])('leaves what is about the request alone: %s', (text) => {
    expect(redactPlaces(text)).toBe(text);
  });
});

describe('both', () => {
  it('are quick with whatever a short text holds', () => {
    const pieces = [
      'a.',
      'a-',
      'sk-',
      '/a',
      ':a',
      '::',
      'eyJ',
      'key=',
      'a:',
      '[',
      '-----BEGIN PRIVATE KEY-----',
      '1.',
      '~/',
      '\\\\',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 3 }), (unit) => {
        const text = unit.join('').repeat(4_000).slice(0, 4_000);
        const start = performance.now();
        redactPlaces(redactSecrets(text));
        // A bound for hangs, not a measure: a text for which a pattern tries everything would take minutes.
        expect(performance.now() - start).toBeLessThan(20_000);
      }),
    );
  });
});
