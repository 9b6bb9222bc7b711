import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { listSettingNames } from '../config/index.js';
import { ConfigurationError } from '../errors/index.js';
import { VENDORS } from '../models/index.js';
import { loadConfig } from './load-config.js';

/** The faults that these variables have. */
function faultsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const TIMES = [
  ['STREAM_DEBOUNCE_MS', 0],
  ['STREAM_HEARTBEAT_MS', 1],
  ['STREAM_OPEN_GRACE_MS', 0],
  ['RUN_TIMEOUT_MS', 1],
  ['UPSTREAM_FIRST_TOKEN_TIMEOUT_MS', 1],
  ['UPSTREAM_IDLE_TIMEOUT_MS', 1],
  ['SHUTDOWN_GRACE_MS', 0],
  ['SHUTDOWN_DELAY_MS', 0],
  ['HTTP_KEEP_ALIVE_TIMEOUT_MS', 1],
  ['HTTP_HEADERS_TIMEOUT_MS', 1],
  ['HTTP_REQUEST_TIMEOUT_MS', 1],
  ['HTTP_SEND_TIMEOUT_MS', 1],
  ['HTTP_BODY_TIMEOUT_MS', 1],
] as const;

const NAMES = listSettingNames(Object.values(VENDORS));
const OF_NO_PROVIDER = new Set(listSettingNames([]));
const PROVIDER_NAMES = NAMES.filter((name) => !OF_NO_PROVIDER.has(name));

/** A good value for each variable of the providers. */
const PROVIDERS = Object.fromEntries(
  PROVIDER_NAMES.filter((name) => !name.endsWith('_FILE')).map((name) => [
    name,
    /_(BASE_URL|ENDPOINT)$/.test(name)
      ? 'https://llm.example/v1'
      : name.endsWith('_OUTPUT')
        ? 'tool'
        : /_(STREAM|DEVELOPER_ROLE)$/.test(name)
          ? 'off'
          : name.endsWith('_MESSAGES')
            ? 'plain'
            : name.endsWith('_HEADERS')
              ? 'x-team=a'
              : 'x-1',
  ]),
);

/** What the settings that all providers have come to where none is set, and with the values above. */
const NO_PROVIDER = {
  model: undefined,
  baseUrl: undefined,
  headers: undefined,
  structuredOutput: undefined,
  streams: true,
  reasoningTags: undefined,
  messages: undefined,
  developerRole: undefined,
};
const SET_PROVIDER = {
  model: 'x-1',
  baseUrl: 'https://llm.example/v1',
  headers: { 'x-team': 'a' },
  structuredOutput: 'tool',
  streams: false,
  reasoningTags: ['x-1'],
  messages: 'plain',
  developerRole: false,
};

describe('loadConfig', () => {
  it('works without any setting', () => {
    const { providers, ...config } = loadConfig({});
    expect(Object.keys(providers)).toEqual(Object.values(VENDORS).map(({ name }) => name));
    expect(providers['openai']).toEqual({ ...NO_PROVIDER, key: undefined, model: 'gpt-5.4-mini' });
    expect(providers['bedrock']).toEqual({ ...NO_PROVIDER, key: undefined, awsRegion: undefined, region: undefined });
    expect(config).toEqual({
      isProduction: false,
      http: {
        port: 8080,
        host: '0.0.0.0',
        bodyLimit: '10mb',
        maxBodyBytes: 10 * 1024 ** 2,
        maxJsonValues: 100_000,
        corsOrigins: [],
        playground: true,
        docs: true,
      },
      server: {
        trustProxy: false,
        keepAliveTimeoutMs: 95_000,
        headersTimeoutMs: 100_000,
        requestTimeoutMs: 120_000,
        bodyTimeoutMs: 10_000,
        sendTimeoutMs: 30_000,
        processes: 1,
        maxHeaderBytes: 16_384,
      },
      log: { level: 'log', format: 'pretty' },
      demo: { isOn: true, tokensPerSecond: 40 },
      stream: { debounceMs: 10, heartbeatMs: 15_000, openGraceMs: 500 },
      run: { timeoutMs: 600_000, maxAnswerLength: 33_554_432 },
      upstream: { firstTokenTimeoutMs: 300_000, idleTimeoutMs: 60_000, maxCompletionLength: 8_388_608, maxRetries: 1 },
      shutdown: { delayMs: 0, graceMs: 30_000 },
      tracing: {
        langfuse: {
          publicKey: undefined,
          secretKey: undefined,
          baseUrl: 'https://cloud.langfuse.com',
          ingestion: 'auto',
        },
        otlp: undefined,
        serviceName: 'millrace',
        resourceAttributes: {},
        environment: undefined,
        release: undefined,
        captureContent: true,
        fieldLimit: 262_144,
        sampleRate: 1,
        isSamplingParentBased: false,
        queueBytes: 33_554_432,
        flushTimeoutMs: 5_000,
        traceparent: 'record',
        providerNames: expect.objectContaining({ openai: 'openai', bedrock: 'aws.bedrock' }),
      },
      access: {
        keys: [],
        keysFile: undefined,
        jwt: undefined,
        userHeader: undefined,
        sessionHeader: undefined,
        limits: { requestsPerMinute: 0, tokensPerMinute: 0, concurrentStreams: 0 },
        totalLimits: { requestsPerMinute: 0, tokensPerMinute: 0, concurrentStreams: 0 },
        redisUrl: undefined,
        overload: {
          maxConcurrentRuns: 10_000,
          maxQueuedRuns: 1_000,
          maxBodyMemory: undefined,
          maxBodyMemoryPerCaller: undefined,
          maxQueueWaitMs: 10_000,
          maxEventLoopDelayMs: 1_000,
        },
        idempotency: { ttlMs: 600_000, maxBytes: 33_554_432 },
      },
      warnings: [],
    });
  });

  it('reads every setting, without the space around it', () => {
    const { providers, ...config } = loadConfig({
      PORT: ' 0 ',
      HOST: '127.0.0.1',
      BODY_LIMIT: '512kb',
      MAX_JSON_VALUES: '5000',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:3000',
      PLAYGROUND: 'off',
      DOCS: 'off',
      TRUST_PROXY: '1',
      WEB_CONCURRENCY: '3',
      HTTP_MAX_HEADER_SIZE: '8kb',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
      ...PROVIDERS,
      OPENAI_API_KEY: ' sk-1\n',
      HTTP_PROXY: ' proxy.example:3128',
      https_proxy: 'https://proxy.example',
      NO_PROXY: 'localhost',
      DEMO: ' No ',
      DEMO_TOKENS_PER_SECOND: '0.5',
      RUN_ANSWER_LIMIT: '2kb',
      UPSTREAM_ANSWER_LIMIT: '1kb',
      UPSTREAM_MAX_RETRIES: '5',
      ...Object.fromEntries(TIMES.map(([name], i) => [name, `${i + 1}`])),
    });
    expect(providers['openai']).toEqual({ ...SET_PROVIDER, key: { value: 'sk-1' } });
    expect(providers['azure_openai']).toEqual({
      ...SET_PROVIDER,
      endpoint: 'https://llm.example/v1',
      key: { value: 'x-1' },
      apiVersion: 'x-1',
    });
    for (const values of Object.values(providers)) expect(values).toMatchObject(SET_PROVIDER);
    expect(config).toEqual({
      isProduction: false,
      http: {
        port: 0,
        host: '127.0.0.1',
        bodyLimit: '512kb',
        maxBodyBytes: 524_288,
        maxJsonValues: 5_000,
        corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
        playground: false,
        docs: false,
      },
      server: {
        trustProxy: 1,
        keepAliveTimeoutMs: 9,
        headersTimeoutMs: 10,
        requestTimeoutMs: 11,
        bodyTimeoutMs: 13,
        sendTimeoutMs: 12,
        processes: 3,
        maxHeaderBytes: 8_192,
      },
      log: { level: 'debug', format: 'json' },
      proxy: { httpProxy: 'http://proxy.example:3128', httpsProxy: 'https://proxy.example', noProxy: 'localhost' },
      demo: { isOn: false, tokensPerSecond: 0.5 },
      stream: { debounceMs: 1, heartbeatMs: 2, openGraceMs: 3 },
      run: { timeoutMs: 4, maxAnswerLength: 2_048 },
      upstream: { firstTokenTimeoutMs: 5, idleTimeoutMs: 6, maxCompletionLength: 1_024, maxRetries: 5 },
      shutdown: { graceMs: 7, delayMs: 8 },
      tracing: loadConfig({}).tracing,
      access: loadConfig({}).access,
      warnings: [],
    });
  });

  it('takes a variable that is set to nothing as not set', () => {
    const names = ['PORT', 'LOG_LEVEL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'BODY_LIMIT', 'RUN_TIMEOUT_MS'];
    for (const nothing of ['', ' \t']) {
      expect(loadConfig(Object.fromEntries(names.map((name) => [name, nothing])))).toEqual(loadConfig({}));
    }
  });

  it('looks only at its own variables', () => {
    expect(loadConfig({ PATH: '/bin', constructor: 'x', port: '1' })).toEqual(loadConfig({}));
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });

  it('lists all faults at once, and quotes no value: some are secrets', () => {
    const variables = {
      PORT: 'secret-1',
      TRUST_PROXY: 'secret-13',
      WEB_CONCURRENCY: 'secret-15',
      HTTP_MAX_HEADER_SIZE: 'secret-14',
      LOG_LEVEL: 'secret-2',
      LOG_FORMAT: 'secret-3',
      BODY_LIMIT: 'secret-4',
      CORS_ORIGINS: '*,secret-8',
      OPENAI_BASE_URL: 'http://user:secret-5@[',
      AZURE_OPENAI_ENDPOINT: 'secret-9',
      GOOGLE_VERTEX_AI_LOCATION: 'europe/../secret-10',
      AWS_REGION: 'evil.example/secret-11#',
      OLLAMA_STRUCTURED_OUTPUT: 'secret-12',
      OLLAMA_STREAM: 'secret-17',
      OLLAMA_REASONING_TAG: '<secret-18>',
      OLLAMA_HEADERS: 'secret-18',
      HTTPS_PROXY: 'secret-19://x',
      DEMO_TOKENS_PER_SECOND: 'secret-6',
      RUN_TIMEOUT_MS: 'secret-7',
    };
    const faults = faultsOf(variables);
    expect(new Set(faults.map((fault) => fault.split(' ')[0]))).toEqual(new Set(Object.keys(variables)));
    expect(faults).toHaveLength(Object.keys(variables).length);
    expect(faults.join('\n')).not.toContain('secret');
  });

  it.each([
    ['info', 'log'],
    ['INFO', 'log'],
    ['Warning', 'warn'],
    ['trace', 'verbose'],
    ['verbose', 'verbose'],
    ['Error', 'error'],
  ])('takes %s for a level of the log', (text, level) => {
    expect(loadConfig({ LOG_LEVEL: text }).log.level).toBe(level);
  });

  it('says which levels there are, in the usual words', () => {
    expect(faultsOf({ LOG_LEVEL: 'loud' })).toEqual([
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace',
    ]);
    expect(faultsOf({ LOG_LEVEL: 'constructor' })).toHaveLength(1);
  });

  it('takes every usual word for on and off, for all switches', () => {
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
    expect(faultsOf({ PLAYGROUND: 'maybe' })).toEqual(['PLAYGROUND must be on or off']);
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
  ])('does not take "%s" for a number of milliseconds or a port', (value) => {
    const variables = Object.fromEntries([...TIMES.map(([name]) => name), 'PORT'].map((name) => [name, value]));
    expect(faultsOf(variables)).toHaveLength(TIMES.length + 1);
  });

  it.each(TIMES)('takes %s from %i up to what a timer can hold', (name, least) => {
    for (const good of [`${least}`, '2147483647']) expect(faultsOf({ [name]: good })).toEqual([]);
    for (const bad of [`${least - 1}`, '2147483648']) {
      expect(faultsOf({ [name]: bad })).toEqual([expect.stringMatching(new RegExp(`^${name} must be a whole number`))]);
    }
  });

  it('takes every port, 0 for a free one', () => {
    for (const good of ['0', '1', '65535']) expect(faultsOf({ PORT: good })).toEqual([]);
    expect(faultsOf({ PORT: '65536' })).toHaveLength(1);
  });

  it.each(['0', '40', '0.5', '1000'])('lets the demo speak at %s tokens per second', (value) => {
    expect(faultsOf({ DEMO_TOKENS_PER_SECOND: value })).toEqual([]);
  });

  it.each(['-1', '1001', 'fast', 'NaN', 'Infinity'])('does not let the demo speak at %s tokens per second', (value) => {
    expect(faultsOf({ DEMO_TOKENS_PER_SECOND: value })).toHaveLength(1);
  });

  it.each([
    'http://localhost:11434/v1',
    'http://127.0.0.1:8000',
    'http://[::1]:8000/v1',
    'http://vllm/v1',
    'http://llm_server:8000/v1',
    'https://host.docker.internal:8000/v1/',
    'https://user:pass@example.com/v1?api-version=1',
  ])('takes %s for an address, as the URL class does', (address) => {
    expect(loadConfig({ OPENAI_BASE_URL: address }).providers['openai']?.baseUrl).toBe(address);
    expect(new URL(address).host).not.toBe('');
  });

  it.each(['localhost:11434', 'api.openai.com/v1', 'ftp://x/v1', 'http://', 'http://a b/', 'http://x:99999/', '/v1'])(
    'does not take %s for an address',
    (address) => {
      expect(faultsOf({ OPENAI_BASE_URL: address })).toHaveLength(1);
    },
  );

  it.each([
    ['a line break', 'sk-1\nsk-2'],
    ['a zero-width space', 'sk-1\u200b2'],
    ['a typographic dash', 'sk\u20131'],
    ['a letter that headers do not take', 'sk-1\u0142'],
    ['a letter of Latin-1', 'sk-1\u00e9'],
    ['a blank', 'sk-1 # the key'],
  ])('does not take %s in a key or token', (_, value) => {
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
    const faults = faultsOf(Object.fromEntries(names.map((name) => [name, value])));
    expect(new Set(faults.map((fault) => fault.split(' ')[0]))).toEqual(new Set(names));
    expect(faults.join('\n')).not.toContain('sk');
  });

  it.each(['gpt-5\n', 'gpt\n5', 'gpt\u00005', 'gpt\u001b[31m5', 'gpt\u20285'])(
    'does not take %j for a model',
    (value) => {
      const names = PROVIDER_NAMES.filter((name) => name.endsWith('_MODEL'));
      const faults = faultsOf(Object.fromEntries(names.map((name) => [name, `x${value}x`])));
      expect(faults).toEqual(names.map((name) => `${name} must hold no line break or other control character`));
    },
  );

  it('takes a limit of answers up to what a text can hold', () => {
    expect(loadConfig({ UPSTREAM_ANSWER_LIMIT: '256mb' }).upstream.maxCompletionLength).toBe(268_435_456);
    for (const size of ['257mb', '0', 'much', '-1', '1e9'])
      expect(faultsOf({ UPSTREAM_ANSWER_LIMIT: size })).toHaveLength(1);
  });

  it.each(['100', '512kb', '10mb', '1.5MB', '1 gb', '7b'])('takes %s for a size', (size) => {
    expect(loadConfig({ BODY_LIMIT: size }).http.bodyLimit).toBe(size);
  });

  it.each(['mb', '-1mb', '10 megabytes', '10mb!', '1e3', '.5mb'])('does not take %s for a size', (size) => {
    expect(faultsOf({ BODY_LIMIT: size })).toHaveLength(1);
  });

  it.each([
    ['false', false],
    ['2', 2],
    ['loopback, 10.0.0.0/8,::1,fd00::/8,192.0.2.7', ['loopback', '10.0.0.0/8', '::1', 'fd00::/8', '192.0.2.7']],
  ] as const)('takes "%s" for the proxies to trust', (text, trustProxy) => {
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
  ])('does not take "%s" for the proxies to trust', (text) => {
    expect(faultsOf({ TRUST_PROXY: text })).toEqual([expect.stringMatching(/^TRUST_PROXY must be false, the number/)]);
  });

  it.each(['*', 'https://a.example', 'http://localhost:3000,https://[::1]:3000'])('takes %s for origins', (origins) => {
    expect(loadConfig({ CORS_ORIGINS: origins }).http.corsOrigins).toEqual(origins.split(','));
  });

  it.each(['a.example', 'https://a.example/path', 'https://a.example https://b.example', 'null', ','])(
    'does not take "%s" for origins',
    (origins) => {
      expect(faultsOf({ CORS_ORIGINS: origins })).toHaveLength(1);
    },
  );

  it('agrees with .env.example, which shows each setting with its default', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const shown = Object.fromEntries(
      [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name ?? '', value ?? '']),
    );
    expect(Object.keys(shown)).toEqual(expect.arrayContaining(NAMES.filter((name) => name === name.toUpperCase())));
    // The providers' defaults are checked where they are applied, beside their definitions.
    const { providers, ...config } = loadConfig(shown);
    expect(loadConfig({})).toMatchObject(config);
    expect(providers['openai']?.model).toBe(loadConfig({}).providers['openai']?.model);
  });
});
