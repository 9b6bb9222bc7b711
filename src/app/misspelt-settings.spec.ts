import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { findConfigFaults } from '../../test/support/config-faults.js';
import { loadConfig } from './load-config.js';

describe('variables that are nearly settings', () => {
  it.each([
    ['LIMIT_REQUEST_PER_MINUTE', 'LIMIT_REQUESTS_PER_MINUTE'],
    ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
    ['OPEN_AI_API_KEY', 'OPENAI_API_KEY'],
    ['OPENAI_API_KEYS', 'OPENAI_API_KEY'],
    ['OPENAI_BASEURL', 'OPENAI_BASE_URL'],
    ['OPENAI_API_BASE', 'OPENAI_BASE_URL'],
    ['ANTROPIC_API_KEY', 'ANTHROPIC_API_KEY'],
    ['API_KEY', 'API_KEYS'],
    ['JWT_ISUSER', 'JWT_ISSUER'],
    ['LANGFUSE_SECERT_KEY', 'LANGFUSE_SECRET_KEY'],
    ['LANGFUSE_URL', 'LANGFUSE_BASE_URL'],
    ['log_level', 'LOG_LEVEL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['RUN_TIMEOUT', 'RUN_TIMEOUT_MS'],
    ['RUN_TIMEOUT_SECONDS', 'RUN_TIMEOUT_MS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['OTEL_EXPORTER_OLTP_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['LIMIT_REQUESTS_PER_MIN', 'LIMIT_REQUESTS_PER_MINUTE'],
    ['LIMIT_TOKENS', 'LIMIT_TOKENS_PER_MINUTE'],
    ['LIMIT_CONCURRENT_REQUESTS', 'LIMIT_CONCURRENT_STREAMS'],
    ['MAX_CONCURRENT_STREAMS', 'MAX_CONCURRENT_RUNS'],
    ['TRUSTED_PROXY', 'TRUST_PROXY'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['BODY_SIZE_LIMIT', 'BODY_LIMIT'],
    ['JWT_AUD', 'JWT_AUDIENCE'],
    ['JWKS_URL', 'JWT_JWKS_URL'],
    ['MILLRACE_API_KEYS', 'API_KEYS'],
    ['MILLRACE_LOG_LEVEL', 'LOG_LEVEL'],
    ['OPENAI_BASE', 'OPENAI_BASE_URL'],
    ['OPENAI_URL', 'OPENAI_BASE_URL'],
    ['OPENAI_ENDPOINT', 'OPENAI_BASE_URL'],
    ['OPENAI_SECRET_KEY', 'OPENAI_API_KEY'],
    ['OPENAI_MODEL_NAME', 'OPENAI_MODEL'],
    ['OPENAI_DEFAULT_MODEL', 'OPENAI_MODEL'],
    ['AZURE_OPENAI_API_VERSION', 'OPENAI_API_VERSION'],
    ['AZURE_OPENAI_DEPLOYMENT_NAME', 'AZURE_OPENAI_MODEL'],
    ['GOOGLE_GENERATIVE_AI_API_KEY', 'GOOGLE_API_KEY'],
    ['UPSTREAM_TIMEOUT_MS', 'UPSTREAM_IDLE_TIMEOUT_MS'],
    ['UPSTREAM_RETRIES', 'UPSTREAM_MAX_RETRIES'],
    ['LANGFUSE_SERVER', 'LANGFUSE_HOST'],
    ['LANGFUSE_OTEL_HOST', 'LANGFUSE_BASE_URL'],
    ['LANGFUSE_ENABLED', 'LANGFUSE_TRACING_ENABLED'],
    ['LANGFUSE_ENV', 'LANGFUSE_TRACING_ENVIRONMENT'],
    ['TRACE_SAMPLE_RATE', 'TRACING_SAMPLE_RATE'],
    ['TRACING_SAMPLING_RATE', 'TRACING_SAMPLE_RATE'],
    ['OTEL_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['OTEL_EXPORTER_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['DEMO_MODE', 'DEMO'],
  ])('stop the start: %s is meant for %s', (name, meant) => {
    expect(findConfigFaults({ [name]: 'secret-1' })).toEqual([
      `${name} is not a setting of Millrace. Did you mean ${meant}?`,
    ]);
    expect(findConfigFaults({ [name]: ' ' })).toEqual([]);
  });

  it('are reported together with all other faults', () => {
    const faults = findConfigFaults({ PORT: 'x', MAX_CONCURENT_RUNS: '5', OTEL_TRACES_EXPORTER: 'zipkin' });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual(
      expect.arrayContaining(['PORT', 'MAX_CONCURENT_RUNS', 'OTEL_TRACES_EXPORTER']),
    );
    expect(faults).toHaveLength(3);
  });

  it('are left alone if they belong to other programs', () => {
    const others = `
      PATH HOME HOSTNAME PWD USER LANG TERM SHLVL NODE_ENV NODE_OPTIONS NODE_EXTRA_CA_CERTS TZ CI MAX_JOBS JOBS DEBUG POST SORT
      HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy npm_config_loglevel npm_lifecycle_event
      OPENAI_ORG_ID OPENAI_PROJECT_ID OPENAI_ORGANIZATION OPENAI_PROJECT OPENAI_LOG OPENAI_WEBHOOK_SECRET OPENAI_ADMIN_KEY
      OPENAI_API_TYPE AZURE_OPENAI_AD_TOKEN AZURE_CLIENT_ID AZURE_TENANT_ID AZURE_CLIENT_SECRET
      ANTHROPIC_LOG ANTHROPIC_AUTH_TOKEN GOOGLE_APPLICATION_CREDENTIALS GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_LOCATION GEMINI_MODEL
      AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_DEFAULT_REGION AWS_PROFILE AWS_ROLE_ARN
      OLLAMA_HOST OLLAMA_MODELS OLLAMA_KEEP_ALIVE OLLAMA_NUM_PARALLEL OLLAMA_MAX_LOADED_MODELS OLLAMA_ORIGINS OLLAMA_DEBUG
      LANGFUSE_DEBUG LANGFUSE_SAMPLE_RATE LANGFUSE_FLUSH_AT LANGFUSE_FLUSH_INTERVAL LANGFUSE_TIMEOUT LANGFUSE_PROJECT_ID
      LANGFUSE_LOG_LEVEL LANGFUSE_PORT LANGFUSE_SERVICE_HOST LANGFUSE_SERVICE_PORT LANGFUSE_MEDIA_UPLOAD_ENABLED
      OTEL_LOG_LEVEL OTEL_METRICS_EXPORTER OTEL_LOGS_EXPORTER OTEL_PROPAGATORS OTEL_BSP_SCHEDULE_DELAY OTEL_NODE_RESOURCE_DETECTORS
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_EXPORTER_OTLP_LOGS_ENDPOINT OTEL_EXPORTER_OTLP_METRICS_HEADERS
      OTEL_EXPORTER_OTLP_LOGS_HEADERS OTEL_EXPORTER_OTLP_METRICS_PROTOCOL OTEL_EXPORTER_OTLP_LOGS_PROTOCOL
      OTEL_EXPORTER_OTLP_INSECURE OTEL_EXPORTER_OTLP_COMPRESSION OTEL_EXPORTER_OTLP_TIMEOUT OTEL_EXPORTER_OTLP_CERTIFICATE
      REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_SERVICE_HOST REDIS_PORT_6379_TCP REDIS_TLS_URL DATABASE_URL
      MILLRACE_PORT MILLRACE_URL MILLRACE_API_KEY MILLRACE_SERVICE_HOST KUBERNETES_SERVICE_HOST KUBERNETES_PORT LOG_DIR LOG_FILE WEB_MEMORY DOCKER_HOST
    `;
    const names = others.trim().split(/\s+/);
    expect(findConfigFaults(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
  });

  it('do not include those that docker compose reads from the same file', () => {
    const compose = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
    const names = [...compose.matchAll(/\$\{([A-Z_]+):-/g)]
      .map(([, name]) => name ?? '')
      .filter((name) => name !== 'PORT');
    expect(names).toContain('LANGFUSE_PORT');
    const faults = findConfigFaults(Object.fromEntries(names.map((name) => [name, 'x'])));
    expect(faults.filter((fault) => fault.includes('no setting'))).toEqual([]);
  });

  it('are taken to be for another program if the right setting is there as well', () => {
    expect(findConfigFaults({ OPENAI_API_BASE: 'http://x', OPENAI_BASE_URL: 'http://localhost:1/v1' })).toEqual([]);
    expect(findConfigFaults({ OPENAI_MODEL_NAME: 'x', OPENAI_MODEL: 'y' })).toEqual([]);
  });
});

describe('variables that other programs follow and this server does not', () => {
  const readWarnings = (variables: Readonly<Record<string, string>>): readonly string[] =>
    loadConfig(variables).warnings;

  it('cause one warning at the start, where they would matter', () => {
    expect(readWarnings({ OLLAMA_HOST: 'secret-1' })).toEqual(['OLLAMA_HOST has no effect. Set OLLAMA_BASE_URL.']);
    const otel = { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' };
    expect(readWarnings(otel)).toEqual([]);
    expect(readWarnings({ ...otel, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })).toEqual([
      'OTEL_EXPORTER_OTLP_COMPRESSION has no effect. Traces are sent as they are.',
    ]);
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    expect(readWarnings({ ...collector, OTEL_METRICS_EXPORTER: 'none' })).toEqual([]);
    expect(readWarnings({ ...collector, OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER_ARG: '0.1' })).toEqual([
      'OTEL_METRICS_EXPORTER has no effect. Metrics are at /metrics, for Prometheus.',
      'OTEL_TRACES_SAMPLER_ARG has no effect alone. Set OTEL_TRACES_SAMPLER=traceidratio.',
    ]);
  });

  it('cause no warning if the right setting is there as well', () => {
    expect(readWarnings({ OLLAMA_HOST: '0.0.0.0', OLLAMA_BASE_URL: 'http://localhost:11434/v1' })).toEqual([]);
  });
});
