import { describe, expect, it } from '@jest/globals';
import { findConfigFaults, TIME_SETTINGS } from '../../test/support/config-faults.js';
import { listSettingNames } from '../config/index.js';
import { VENDORS } from '../models/index.js';
import { loadConfig } from './load-config.js';

const PROVIDER_NAMES = listSettingNames(Object.values(VENDORS)).filter((name) => !listSettingNames([]).includes(name));

describe('the values that settings take', () => {
  it.each([
    ['info', 'log'],
    ['INFO', 'log'],
    ['Warning', 'warn'],
    ['trace', 'verbose'],
    ['verbose', 'verbose'],
    ['Error', 'error'],
  ])('accepts %s as a level of the log', (text, level) => {
    expect(loadConfig({ LOG_LEVEL: text }).log.level).toBe(level);
  });

  it('names all levels of the log by their usual names', () => {
    expect(findConfigFaults({ LOG_LEVEL: 'loud' })).toEqual([
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace',
    ]);
    expect(findConfigFaults({ LOG_LEVEL: 'constructor' })).toHaveLength(1);
  });

  it('accepts every usual word for on and off in all switches', () => {
    const switches = (word: string): readonly boolean[] => {
      const { http, tracing } = loadConfig({ PLAYGROUND: word, DOCS: word, TRACING_CAPTURE_CONTENT: word });
      return [http.playground, http.docs, tracing.captureContent];
    };
    for (const word of ['on', 'True', 'YES', '1']) expect(switches(word)).toEqual([true, true, true]);
    for (const word of ['off', 'FALSE', 'No', '0']) expect(switches(word)).toEqual([false, false, false]);
    expect(loadConfig({ OPENAI_STREAM: 'No', OLLAMA_STREAM: 'TRUE' }).providers).toMatchObject({
      openai: { streams: false },
      ollama: { streams: true },
    });
    expect(findConfigFaults({ PLAYGROUND: 'maybe' })).toEqual(['PLAYGROUND must be on or off']);
  });

  it.each([
    '10abc',
    'abc',
    '1,000',
    '1_000',
    '10ms',
    '1.5',
    '-1',
    'NaN',
    'Infinity',
    '1 2',
    'null',
    'true',
    '[1]',
    '{}',
  ])('refuses "%s" as a number of milliseconds or a port', (value) => {
    const variables = Object.fromEntries([...TIME_SETTINGS.map(([name]) => name), 'PORT'].map((name) => [name, value]));
    expect(findConfigFaults(variables)).toHaveLength(TIME_SETTINGS.length + 1);
  });

  it.each(TIME_SETTINGS)('accepts %s from %i up to what a timer can hold', (name, least) => {
    for (const good of [`${least}`, '2147483647']) expect(findConfigFaults({ [name]: good })).toEqual([]);
    for (const bad of [`${least - 1}`, '2147483648']) {
      expect(findConfigFaults({ [name]: bad })).toEqual([
        expect.stringMatching(new RegExp(`^${name} must be a whole number`)),
      ]);
    }
  });

  it('accepts every port, and 0 for a free one', () => {
    for (const good of ['0', '1', '65535']) expect(findConfigFaults({ PORT: good })).toEqual([]);
    expect(findConfigFaults({ PORT: '65536' })).toHaveLength(1);
  });

  it.each(['0', '40', '0.5', '1000'])('lets the demo speak at %s tokens per second', (value) => {
    expect(findConfigFaults({ DEMO_TOKENS_PER_SECOND: value })).toEqual([]);
  });

  it.each(['-1', '1001', 'fast', 'NaN', 'Infinity'])('does not let the demo speak at %s tokens per second', (value) => {
    expect(findConfigFaults({ DEMO_TOKENS_PER_SECOND: value })).toHaveLength(1);
  });

  it.each([
    'http://localhost:11434/v1',
    'http://127.0.0.1:8000',
    'http://[::1]:8000/v1',
    'http://vllm/v1',
    'http://llm_server:8000/v1',
    'https://host.docker.internal:8000/v1/',
    'https://user:pass@example.com/v1?api-version=1',
  ])('accepts %s as an address, as the URL class does', (address) => {
    expect(loadConfig({ OPENAI_BASE_URL: address }).providers['openai']?.baseUrl).toBe(address);
    expect(new URL(address).host).not.toBe('');
  });

  it.each(['localhost:11434', 'api.openai.com/v1', 'ftp://x/v1', 'http://', 'http://a b/', 'http://x:99999/', '/v1'])(
    'refuses %s as an address',
    (address) => {
      expect(findConfigFaults({ OPENAI_BASE_URL: address })).toHaveLength(1);
    },
  );

  it.each([
    ['a line break', 'sk-1\nsk-2'],
    ['a zero-width space', 'sk-1\u200b2'],
    ['a typographic dash', 'sk\u20131'],
    ['a letter that headers do not take', 'sk-1\u0142'],
    ['a letter of Latin-1', 'sk-1\u00e9'],
    ['a blank', 'sk-1 # the key'],
  ])('refuses %s in a key or token', (_, value) => {
    const names = [
      'OPENAI_API_KEY',
      'AZURE_OPENAI_API_KEY',
      'ANTHROPIC_API_KEY',
      'GOOGLE_API_KEY',
      'GEMINI_API_KEY',
      'GOOGLE_VERTEX_AI_ACCESS_TOKEN',
      'MISTRAL_API_KEY',
      'AWS_BEARER_TOKEN_BEDROCK',
      'OLLAMA_API_KEY',
      'LANGFUSE_PUBLIC_KEY',
      'LANGFUSE_SECRET_KEY',
    ];
    const faults = findConfigFaults(Object.fromEntries(names.map((name) => [name, value])));
    expect(new Set(faults.map((fault) => fault.split(' ')[0]))).toEqual(new Set(names));
    expect(faults.join('\n')).not.toContain('sk');
  });

  it.each(['gpt-5\n', 'gpt\n5', 'gpt\u00005', 'gpt\u001b[31m5', 'gpt\u20285'])('refuses %j as a model', (value) => {
    const names = PROVIDER_NAMES.filter((name) => name.endsWith('_MODEL'));
    const faults = findConfigFaults(Object.fromEntries(names.map((name) => [name, `x${value}x`])));
    expect(faults).toEqual(names.map((name) => `${name} must hold no line break or other control character`));
  });

  it('accepts a limit of completions up to what a text can hold', () => {
    expect(loadConfig({ UPSTREAM_ANSWER_LIMIT: '256mb' }).upstream.maxCompletionLength).toBe(268_435_456);
    for (const size of ['257mb', '0', 'much', '-1', '1e9'])
      expect(findConfigFaults({ UPSTREAM_ANSWER_LIMIT: size })).toHaveLength(1);
  });

  it.each(['100', '512kb', '10mb', '1.5MB', '1 gb', '7b'])('accepts %s as a size', (size) => {
    expect(loadConfig({ BODY_LIMIT: size }).http.bodyLimit).toBe(size);
  });

  it.each(['mb', '-1mb', '10 megabytes', '10mb!', '1e3', '.5mb'])('refuses %s as a size', (size) => {
    expect(findConfigFaults({ BODY_LIMIT: size })).toHaveLength(1);
  });

  it.each([
    ['false', false],
    ['2', 2],
    ['loopback, 10.0.0.0/8,::1,fd00::/8,192.0.2.7', ['loopback', '10.0.0.0/8', '::1', 'fd00::/8', '192.0.2.7']],
  ] as const)('accepts "%s" as the proxies to trust', (text, trustProxy) => {
    expect(loadConfig({ TRUST_PROXY: text }).server.trustProxy).toEqual(trustProxy);
  });

  it.each([
    'true',
    'nginx',
    '-1',
    '1.5',
    '300.0.0.1',
    '10.0.0.0/33',
    '::1/129',
    '10.0.0.0/8/8',
    'loopback,',
    '10.0.0.0/',
  ])('refuses "%s" as the proxies to trust', (text) => {
    expect(findConfigFaults({ TRUST_PROXY: text })).toEqual([
      expect.stringMatching(/^TRUST_PROXY must be false, the number/),
    ]);
  });

  it.each(['*', 'https://a.example', 'http://localhost:3000,https://[::1]:3000'])(
    'accepts %s as origins',
    (origins) => {
      expect(loadConfig({ CORS_ORIGINS: origins }).http.corsOrigins).toEqual(origins.split(','));
    },
  );

  it.each(['a.example', 'https://a.example/path', 'https://a.example https://b.example', 'null', ','])(
    'refuses "%s" as origins',
    (origins) => {
      expect(findConfigFaults({ CORS_ORIGINS: origins })).toHaveLength(1);
    },
  );
});
