import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { findConfigFaults, TIME_SETTINGS } from '../../test/support/config-faults.js';
import { listSettingNames } from '../config/index.js';
import { VENDORS } from '../models/index.js';
import { loadConfig } from './load-config.js';

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

/** The values of the settings that all providers have: where none is set, and where all are set as above. */
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
      run: { timeoutMs: 600_000, maxOutputLength: 33_554_432 },
      store: {
        isOn: true,
        databaseUrl: undefined,
        queueUrl: undefined,
        handover: 'grace',
        folder: '.millrace',
        responsesTtlS: 86_400,
        logTtlS: 86_400,
        recordTtlS: 2_592_000,
        responsesMaxBytes: 268_435_456,
        concurrency: 100,
        mostQueuedOfCaller: 1_000,
        timeoutMs: 3_600_000,
        leaveGraceMs: 15_000,
      },
      upstream: {
        firstTokenTimeoutMs: 300_000,
        idleTimeoutMs: 60_000,
        maxCompletionLength: 8_388_608,
        maxRetries: 1,
        prices: {},
      },
      mcp: { allowedHosts: { hosts: [], ranges: [] } },
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
        inspect: true,
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
      RUNS: 'off',
      RUNS_DIR: 'runs',
      RUNS_DATABASE_URL: 'postgres://u:p@localhost/runs',
      RUNS_QUEUE_URL: 'redis://localhost:6379',
      RUNS_HANDOVER: 'now',
      RESPONSES_TTL_S: '60',
      RUNS_LOG_TTL_S: '61',
      RUNS_RECORD_TTL_S: '62',
      RESPONSES_MAX_BYTES: '1kb',
      RUNS_CONCURRENCY: '9',
      LIMIT_QUEUED_RUNS: '10',
      RUNS_TIMEOUT_MS: '11',
      RUNS_TICKET_SECRET: 'a secret of tickets',
      RUNS_LEAVE_GRACE_MS: '12',
      MCP_SERVERS: '{"docs": {"url": "https://docs.example.com/mcp", "tools": ["search"]}}',
      MCP_ALLOWED_HOSTS: 'MCP.example.com, *.example.org:8443,http://localhost:3000,[::1]:81,*,10.1.0.0/16',
      UPSTREAM_ANSWER_LIMIT: '1kb',
      UPSTREAM_MAX_RETRIES: '5',
      MODEL_PRICES: 'openai/gpt-4o=2.5:10:1.25, ollama/llama3:8b=0:0.5',
      ...Object.fromEntries(TIME_SETTINGS.map(([name], i) => [name, `${i + 1}`])),
    });
    expect(providers['openai']).toEqual({ ...SET_PROVIDER, key: { value: 'sk-1', place: 'OPENAI_API_KEY' } });
    expect(providers['azure_openai']).toEqual({
      ...SET_PROVIDER,
      endpoint: 'https://llm.example/v1',
      key: { value: 'x-1', place: 'AZURE_OPENAI_API_KEY' },
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
      run: { timeoutMs: 4, maxOutputLength: 2_048 },
      store: {
        isOn: false,
        databaseUrl: 'postgres://u:p@localhost/runs',
        queueUrl: 'redis://localhost:6379',
        handover: 'now',
        folder: 'runs',
        responsesTtlS: 60,
        logTtlS: 61,
        recordTtlS: 62,
        responsesMaxBytes: 1_024,
        concurrency: 9,
        mostQueuedOfCaller: 10,
        timeoutMs: 11,
        ticketSecret: 'a secret of tickets',
        leaveGraceMs: 12,
      },
      upstream: {
        firstTokenTimeoutMs: 5,
        idleTimeoutMs: 6,
        maxCompletionLength: 1_024,
        maxRetries: 5,
        prices: {
          'openai/gpt-4o': { input: 2.5, output: 10, cachedInput: 1.25 },
          'ollama/llama3:8b': { input: 0, output: 0.5 },
        },
      },
      mcp: {
        servers: { docs: { url: 'https://docs.example.com/mcp', tools: ['search'] } },
        allowedHosts: {
          hosts: [
            { host: 'mcp.example.com', port: 443, isPlain: false },
            { host: '*.example.org', port: 8443, isPlain: false },
            { host: 'localhost', port: 3000, isPlain: true },
            { host: '[::1]', port: 81, isPlain: false },
            { host: '*', port: 443, isPlain: false },
          ],
          ranges: [
            { address: '::1', prefix: 128 },
            { address: '10.1.0.0', prefix: 16 },
          ],
        },
      },
      shutdown: { graceMs: 7, delayMs: 8 },
      tracing: loadConfig({}).tracing,
      access: loadConfig({}).access,
      warnings: [],
    });
  });

  it('treats an empty variable as not set', () => {
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
      MCP_SERVERS: '{"docs": {"url": "secret-20"}}',
      MCP_ALLOWED_HOSTS: 'mcp.example.com/secret',
    };
    const faults = findConfigFaults(variables);
    expect(new Set(faults.map((fault) => fault.split(' ')[0]))).toEqual(new Set(Object.keys(variables)));
    expect(faults).toHaveLength(Object.keys(variables).length);
    expect(faults.join('\n')).not.toContain('secret');
  });

  it('needs the database for what processes share', () => {
    const variables = { RUNS_QUEUE_URL: 'redis://localhost', RUNS_CONCURRENCY: '0' };
    expect(findConfigFaults(variables)).toEqual([
      expect.stringContaining('RUNS_QUEUE_URL needs RUNS_DATABASE_URL'),
      expect.stringContaining('RUNS_CONCURRENCY=0 needs RUNS_DATABASE_URL'),
    ]);
    expect(findConfigFaults({ ...variables, RUNS_DATABASE_URL: 'postgres://localhost/runs' })).toEqual([]);
  });

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
