import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redactBeginning, redactPlaces, redactSecrets } from './redact.js';

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
  ['tvly', '-4f9a8b7c6d5e4f3a2b1c'],
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
  ['dckr', '_pat_AbCdEfGhIjKlMnOpQrStUvWx'],
  ['hvs', '.CAESIJ4f9a8b7c6d5e4f3a2b1c'],
  ['shpat', '_0123456789abcdef0123456789abcdef'],
  ['ATATT', '3xFfGF04f9a8b7c6d5e4f3a2b1c'],
  ['lin', '_api_4f9a8b7c6d5e4f3a2b1c4f9a8b7c'],
  ['figd', '_4f9a8b7c-6d5e4f3a2b1c'],
  ['sq0', 'atp-4f9a8b7c6d5e4f3a2b1c'],
  ['AGE-SECRET', '-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUG'],
  ['Bearer ', 'abc123.def456'],
  ['Basic ', 'dXNlcjpwYXNzd29yZA=='],
  ['eyJ', 'hbGciOiJIUzI1NiJ9LmV5'],
  ['gho', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKlMnOp'],
  ['pypi', '-AgEIcHlwaS5vcmcCJDRmOWE4Yjdj'],
  ['xapp', '-1-A0123456789-0123456789-abcdef'],
  ['dop', '_v1_0123456789abcdef0123456789abcdef'],
  ['glsa', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKl'],
  ['123456789', ':AAF4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKl'],
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
  'http://admin:hunter2@gpu-node-7/v1/chat',
  'http://admin:p@ssw0rd@gpu-node-7/v1',
  'postgres://admin:p@ss]w)rd@db-7/x',
  'http://[fd00::7]:8000/v1/chat',
  'https:\\/\\/admin:x@node-9\\/v1',
  'https%3A%2F%2Fadmin%3Ahunter2%40node-9%2Fv1',
  'https%253A%252F%252Fnode-9%252Fv1',
  'admin:hunter2@gpu-node-7',
  '%2Fhome%2Fdeploy%2Fmodel',
  '../../etc/shadow',
  './models/secret/a',
  '//fileserver9/share/x',
  '/messages/../etc/passwd',
  '/messages/0/home/deploy/x',
  '/messages/0/content.d/x',
  '/tools/home/svc/x',
  '/properties/home/svc/x',
  '/0/home/svc',
  '/srv/mödels/größe=7/a',
];

describe('redactSecrets', () => {
  it.each(SECRETS)('removes %s', (secret) => {
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
    ['{"password": "correct horse"}', '{"password": "[redacted]"}'],
    ['http://admin:p@ssw0rd@gpu-node-7/v1', 'http://[redacted]@gpu-node-7/v1'],
    ['http://admin:x@node/a@b', 'http://[redacted]@node/a@b'],
    ['https:\\/\\/admin:x@node-9\\/v1', 'https:\\/\\/[redacted]@node-9\\/v1'],
    ['https%3A%2F%2Fadmin%3Ax%40node-9%2Fv1', 'https%3A%2F%2F[redacted]@node-9%2Fv1'],
    ['login admin:hunter2@gpu-node-7 failed', 'login [redacted]@gpu-node-7 failed'],
    ['api_key: 0123456789abcdef is wrong', 'api_key: [redacted] is wrong'],
    ['x-api-key: abcdef0123456789', 'x-api-key: [redacted]'],
    ['password: hunter2xx', 'password: [redacted]'],
    ["{'password': 'hunter2xx'}", "{'password': '[redacted]'}"],
    ['{\\"api_key\\":\\"abcdefgh\\",\\"n\\":1}', '{\\"api_key\\":\\"[redacted]\\",\\"n\\":1}'],
    ['Authorization: Token 0123456789abcdef', 'Authorization: [redacted]'],
    ['OPENAI_API_KEY=abcdefgh', 'OPENAI_API_KEY=[redacted]'],
    ['AccountName=a;AccountKey=Zm9vYmFyYmF6+/x==;x=1', 'AccountName=a;AccountKey=[redacted];x=1'],
    ['sv=2024-01-01&sig=Zm9vYmFyYmF6cXV4%2Bx%3D&x=1', 'sv=2024-01-01&sig=[redacted]&x=1'],
    ['aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPx', 'aws_secret_access_key=[redacted]'],
    ['DB_PASS=hunter22 DEBUG=1', 'DB_PASS=[redacted] DEBUG=1'],
    [
      ['https://hooks.slack.', 'com/services/T0AB1CD2E/B0AB1CD2E/a1B2c3D4e5F6g7H8'].join(''),
      'https://hooks.slack.com/services/[redacted]',
    ],
    [['AKIA', 'IOSFODNN7EXAMPLE / wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'].join(''), '[redacted] / [redacted]'],
  ])('removes the secret from %s', (text, redacted) => {
    expect(redactSecrets(text)).toBe(redacted);
  });

  it.each([
    'key_points, org_structure, proj_name, sess_id, key_performance_indicators, project-management',
    'org-structure-2024, key-results-q3, proj_alpha_2, hf_dataset, r8_plan, token_count, secret_santa, password_policy',
    'npm_config_registry, pypi-mirror, sk_buff, pk_columns, ghp, glpat, xoxb, eyJ, the dapi of the SG.1.2 standard',
    'The risk-adjusted task-list of a desk-based org-wide bearer of basic tokens',
    'Bearer authentication is required. Use Basic authentication or a Token based one.',
    '`max_tokens` must be at most 4096, not 9007199254740993',
    "Invalid value for 'temperature': 3 is larger than the maximum of 2.",
    'req_0e1b22ab53c940c2f2f6a9d1, chatcmpl-0e1b22ab53c940c2f2f6a9d1, trace 4bf92f3577b34da6a3ce929d0e0e4736',
    'Unexpected token: expected a comma. Token: 50256; eos_token="</s>", token: "the end"',
    'password: required; secret: must be a text; api_key: expected a string; the key_points: 12345678',
    'Authorization: header is missing. At 12:30 it was 3:1; call me @ten',
    'boarding_pass=true, test_pass: 12, the bypass=open; https://hooks.slack.com/services/ and its docs',
    'gpt-5.4-mini, claude-sonnet-4-5-20250929, meta-llama/Llama-3.3-70B-Instruct',
  ])('leaves ordinary words alone: %s', (text) => {
    expect(redactSecrets(text)).toBe(text);
  });
});

describe('redactSecrets, of JSON', () => {
  it('removes secrets and leaves JSON whose texts look like a secret only when they are joined', () => {
    const value = {
      url: 'https://example.com',
      email: 'me@example.com',
      at: '10:30',
      to: 'you@example.com',
      note: '-----BEGIN PRIVATE KEY-----',
      nested: JSON.stringify({ url: 'https://example.com', email: 'a@b.example', time: '9:15', cc: 'c@d.example' }),
      password: 'hunter2',
      end: 'key_points',
    };
    expect(JSON.parse(redactSecrets(JSON.stringify(value)))).toEqual({
      ...value,
      note: '[redacted]',
      password: '[redacted]',
    });
  });
});

describe('redactBeginning', () => {
  it.each(SECRETS)('leaves no part of %s, wherever the limit cuts it', (secret) => {
    const before = 'The key is: ';
    const after = ' and so on'.repeat(1_000);
    const text = before + secret + after;
    const whole = `${before}[redacted]${after}`;
    for (let limit = before.length; limit <= before.length + secret.length + 1; limit++) {
      const { text: kept, beyond } = redactBeginning(text, limit);
      expect(kept.length + beyond).toBe(text.length);
      // The caller cuts it at the limit.
      expect(whole.startsWith(kept.slice(0, limit))).toBe(true);
    }
  });

  it('leaves no part of a secret that begins beyond the part of the text that is read', () => {
    const secret = ['ghp', '_4f9a8b7c6d5e4f3a2b1cAbCdEfGhIjKlMnOp'].join('');
    // Redaction shortens the secrets before it, so its place moves towards the beginning.
    const text = `${`${secret} `.repeat(200)}${'x'.repeat(5_000)}`;
    for (let limit = 500; limit < 600; limit++) {
      expect(redactBeginning(text, limit).text).toMatch(/^(\[redacted\] ?)*[[redacted]*$/);
    }
  });

  it('returns a short text whole', () => {
    expect(redactBeginning('password=hunter2', 4)).toEqual({ text: 'password=[redacted]', beyond: 0 });
  });
});

describe('redactPlaces', () => {
  it.each(PLACES)('removes %s', (place) => {
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
    'At /messages/0/content, /messages/12/tool_calls/0/function/arguments: /tools/0/function/parameters/properties/home/type.',
    '/response_format/json_schema/schema/$defs/step/properties/a is no and/or of a // b ... or ./ and ../',
    "Invalid value: 'sistem'. Supported values are: 'system', 'assistant', 'user', 'function', and 'tool'.",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.",
    "Missing required parameter: 'tools[0].function'. Did you mean 'messages[0].tool_calls'?",
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: call_AbC123",
    "Invalid schema for response_format 'x': In context=('properties', 'a'), 'additionalProperties' is required to be supplied and to be false.",
    "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
    'key_points, org_structure, "token: expected", kWh/day, 24/7, true/false/null, image/png;base64',
    'e.g. 0.5, i.e. more than 0.4; std::vector; 1.2.3',
  ])('leaves what is about the request alone: %s', (text) => {
    expect(redactPlaces(redactSecrets(text))).toBe(text);
  });
});

describe('redactSecrets and redactPlaces', () => {
  it.each([...PLACES, ...SECRETS])('leave nothing of %s', (text) => {
    expect(redactPlaces(redactSecrets(`Cannot reach ${text} now`))).toBe('Cannot reach [redacted] now');
  });

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
      '//',
      'a://',
      '%2f',
      '@',
      'password',
      '": "',
      '../',
      '/0',
      '/properties/a',
      'AKIA0123456789ABCDEF',
      '[redacted]@',
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

  it('redactSecrets takes time in proportion to the length, whatever the text holds', () => {
    const pieces = [
      'eyJ-',
      'eyJ.',
      'gsk-',
      'xai-',
      'hf_',
      'sk-',
      'key-',
      'org-',
      'Bearer ',
      'Basic\n',
      'a:',
      'a://',
      '%40',
      '@',
    ];
    const more = [
      'key=',
      'password: ',
      'token":"',
      'AKIA0123456789ABCDEF',
      'authorization: a ',
      'JQQJ99',
      'a',
      '1',
      '\\',
      '"',
    ];
    const headers = [
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN ',
      'SG.',
      '1234567890:AA',
      'sig=',
      ' ',
      '/',
      '%25',
      '\\u003a',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces, ...more, ...headers), { minLength: 1, maxLength: 3 }), (unit) => {
        const text = unit.join('').repeat(256_000).slice(0, 256_000);
        const start = performance.now();
        redactSecrets(text);
        // Some tenths of a second at most; where it grows with the square, half a minute.
        expect(performance.now() - start).toBeLessThan(5_000);
      }),
      { examples: [[['eyJ-']], [['gsk-']], [['a', '@']]], numRuns: 30 },
    );
  });
});
