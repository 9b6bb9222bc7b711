import { describe, expect, it } from '@jest/globals';
import { findConfigFaults } from '../../test/support/config-faults.js';
import { readConfig } from './read-config.js';
import type { TracingConfig } from './tracing-settings.js';

const tracing = (variables: Readonly<Record<string, string>>): TracingConfig => readConfig(variables, []).tracing;

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
        OTEL_RESOURCE_ATTRIBUTES: 'team=support%20a%2Cb,service.name=other',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      }),
    ).toEqual({
      langfuse: { publicKey: 'pk', secretKey: 'sk', baseUrl: 'http://langfuse_web:3000', ingestion: 'legacy' },
      otlp: {
        tracesUrl: 'http://collector:4318/v1/traces',
        encoding: 'json',
        headers: { authorization: 'Basic a==', 'x-tenant': 'a=b' },
      },
      providerNames: {},
      serviceName: 'care',
      resourceAttributes: { team: 'support a,b', 'service.name': 'other' },
      environment: 'staging-2',
      release: 'v1+abc',
      captureContent: false,
      fieldLimit: 1_536,
      sampleRate: 0.25,
      isSamplingParentBased: false,
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
    expect(otlp).toEqual({ tracesUrl: 'http://traces/own/path', encoding: 'protobuf', headers: { a: '1', b: '3' } });
  });

  it.each(['LANGFUSE_BASE_URL', 'LANGFUSE_BASEURL', 'LANGFUSE_HOST'])('knows the address of Langfuse as %s', (name) => {
    expect(tracing({ [name]: 'http://own:3000/' }).langfuse.baseUrl).toBe('http://own:3000');
  });

  it('does not choose between two addresses of Langfuse', () => {
    const both = { LANGFUSE_HOST: 'http://secret-1', LANGFUSE_BASE_URL: 'http://secret-2' };
    expect(findConfigFaults(both)).toEqual([
      'LANGFUSE_BASE_URL, LANGFUSE_BASEURL, LANGFUSE_HOST must have one value: they are one setting',
    ]);
    expect(findConfigFaults({ ...both, LANGFUSE_BASE_URL: 'http://secret-1/' })).toEqual([]);
  });

  it('sends nothing to Langfuse where its own switch is off', () => {
    const keys = { LANGFUSE_PUBLIC_KEY: 'pk', LANGFUSE_SECRET_KEY: 'sk' };
    expect(tracing({ ...keys, LANGFUSE_TRACING_ENABLED: 'False' }).langfuse.secretKey).toBeUndefined();
    expect(tracing({ ...keys, LANGFUSE_TRACING_ENABLED: 'true' }).langfuse.secretKey).toBe('sk');
  });

  it("takes the service's name from the attributes if it has no other", () => {
    expect(tracing({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=care' }).serviceName).toBe('care');
  });

  it('sends to the usual address if only the exporter is named, and nowhere if that is none', () => {
    expect(tracing({ OTEL_TRACES_EXPORTER: 'otlp' }).otlp?.tracesUrl).toBe('http://localhost:4318/v1/traces');
    expect(tracing({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' }).otlp).toBeUndefined();
  });

  it('refuses a protocol that it does not speak, where traces are sent', () => {
    const sends = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4317' };
    expect(findConfigFaults({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([]);
    expect(findConfigFaults({ ...sends, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_PROTOCOL must be http\/protobuf or http\/json/),
    ]);
    const traces = { ...sends, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' };
    expect(tracing(traces).otlp?.encoding).toBe('json');
    expect(findConfigFaults({ ...traces, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'secret' })).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL must be/),
    ]);
  });

  it.each([
    ['always_on', undefined, 1, false],
    ['always_off', undefined, 0, false],
    ['traceidratio', '0.25', 0.25, false],
    ['traceidratio', undefined, 1, false],
    ['parentbased_always_on', undefined, 1, true],
    ['parentbased_always_off', '0.5', 0, true],
    ['parentbased_traceidratio', '0.1', 0.1, true],
  ])('follows the sampler %s with %s', (sampler, argument, rate, isParentBased) => {
    const config = tracing({
      OTEL_TRACES_SAMPLER: sampler,
      ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }),
    });
    expect([config.sampleRate, config.isSamplingParentBased]).toEqual([rate, isParentBased]);
  });

  it.each([
    { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    { OTEL_TRACES_SAMPLER: 'parentbased_xray' },
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'half' },
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
  ])('refuses the sampler %j, where traces are recorded', (variables) => {
    const fault = expect.stringMatching(/^OTEL_TRACES_SAMPLER must be/);
    expect(findConfigFaults(variables)).toEqual([]);
    expect(findConfigFaults({ ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' })).toEqual([fault]);
    expect(findConfigFaults({ ...variables, LANGFUSE_PUBLIC_KEY: 'pk', LANGFUSE_SECRET_KEY: 'sk' })).toEqual([fault]);
  });

  it('refuses two rates that differ', () => {
    const sampler = { OTEL_TRACES_SAMPLER: 'always_off' };
    expect(findConfigFaults({ ...sampler, TRACING_SAMPLE_RATE: '0.5' })).toEqual([
      'TRACING_SAMPLE_RATE and OTEL_TRACES_SAMPLER must agree: set one of them',
    ]);
    expect(findConfigFaults({ ...sampler, TRACING_SAMPLE_RATE: '0' })).toEqual([]);
  });

  it('has no OTLP endpoint when the SDK is disabled', () => {
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }).otlp).toBeUndefined();
  });

  it.each([
    ['LANGFUSE_BASE_URL', 'langfuse:secret'],
    ['LANGFUSE_BASEURL', 'secret'],
    ['LANGFUSE_HOST', 'secret'],
    ['LANGFUSE_TRACING_ENABLED', 'secret'],
    ['OTEL_TRACES_EXPORTER', 'zipkin-secret'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'secret'],
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
  ])('refuses %s=%s, and does not quote the value', (name, value) => {
    const faults = findConfigFaults({ [name]: value });
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
    expect(faults.join()).not.toContain('secret');
  });
});
