import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../errors/index.js';
import { loadConfig } from './environment.js';
import type { TracingConfig } from './tracing-config.js';

const tracing = (variables: Readonly<Record<string, string>>): TracingConfig => loadConfig(variables).tracing;

function faultsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('the configuration of tracing', () => {
  it('reads every setting', () => {
    expect(
      tracing({
        LANGFUSE_PUBLIC_KEY: ' pk ',
        LANGFUSE_SECRET_KEY: 'sk',
        LANGFUSE_BASE_URL: 'http://langfuse_web:3000//',
        LANGFUSE_INGESTION: 'legacy',
        LANGFUSE_TRACING_ENVIRONMENT: 'staging-2',
        LANGFUSE_RELEASE: 'v1+abc',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
        OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20a%3D%3D, x-tenant = a=b ',
        OTEL_SERVICE_NAME: 'care',
        TRACING_CAPTURE_CONTENT: 'FALSE',
        TRACING_FIELD_LIMIT: '1.5kb',
        TRACING_SAMPLE_RATE: '0.25',
        TRACING_QUEUE_BYTES: '1gb',
        TRACING_FLUSH_TIMEOUT_MS: '7',
        TRACING_TRACEPARENT: 'continue',
      }),
    ).toEqual({
      langfuse: { publicKey: 'pk', secretKey: 'sk', baseUrl: 'http://langfuse_web:3000', ingestion: 'legacy' },
      otlp: {
        tracesUrl: 'http://collector:4318/v1/traces',
        headers: { authorization: 'Basic a==', 'x-tenant': 'a=b' },
      },
      serviceName: 'care',
      environment: 'staging-2',
      release: 'v1+abc',
      captureContent: false,
      fieldLimit: 1_536,
      sampleRate: 0.25,
      queueBytes: 1_073_741_824,
      flushTimeoutMs: 7,
      traceparent: 'continue',
    });
  });

  it('takes the endpoint for traces as it is, and its headers before the general ones', () => {
    const { otlp } = tracing({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces/own/path',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'B=3',
    });
    expect(otlp).toEqual({ tracesUrl: 'http://traces/own/path', headers: { a: '1', b: '3' } });
  });

  it('knows the address of Langfuse by two names', () => {
    expect(tracing({ LANGFUSE_BASEURL: 'http://old' }).langfuse.baseUrl).toBe('http://old');
    expect(tracing({ LANGFUSE_BASEURL: 'http://old', LANGFUSE_BASE_URL: 'http://new' }).langfuse.baseUrl).toBe(
      'http://new',
    );
  });

  it('has no OTLP endpoint when the SDK is disabled', () => {
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }).otlp).toBeUndefined();
  });

  it.each([
    ['LANGFUSE_BASE_URL', 'langfuse:secret'],
    ['LANGFUSE_BASEURL', 'secret'],
    ['LANGFUSE_INGESTION', 'secret'],
    ['LANGFUSE_TRACING_ENVIRONMENT', 'langfuse-secret'],
    ['LANGFUSE_TRACING_ENVIRONMENT', 'Secret'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318/secret'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '/secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=secret,'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=secret%0a'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'a b=secret'],
    ['OTEL_SDK_DISABLED', 'secret'],
    ['TRACING_CAPTURE_CONTENT', 'secret'],
    ['TRACING_FIELD_LIMIT', 'secret'],
    ['TRACING_FIELD_LIMIT', '0'],
    ['TRACING_SAMPLE_RATE', '1.1'],
    ['TRACING_SAMPLE_RATE', 'secret'],
    ['TRACING_QUEUE_BYTES', '-1mb'],
    ['TRACING_FLUSH_TIMEOUT_MS', 'secret'],
    ['TRACING_TRACEPARENT', 'secret'],
  ])('does not take for %s the value "%s", and does not quote it', (name, value) => {
    const faults = faultsOf({ [name]: value });
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
    expect(faults.join()).not.toContain('secret');
  });
});
