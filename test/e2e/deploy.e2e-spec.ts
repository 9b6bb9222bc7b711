import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/app/load-config.js';
import { KNOWN_VARIABLES, YamlNode, readDocument, readManifest, readRepositoryFile } from '../support/deploy-files.js';
import { ROOT } from '../support/places.js';

const DEFAULTS = loadConfig({});
const seconds = (text: unknown): number => Number(/^(\d+)s$/.exec(String(text))?.[1]);
/** Time for the last bytes, and for Kubernetes and Docker themselves. */
const SLACK_MS = 1_000;

const deployment = readManifest('deployment');
const pod = 'spec.template.spec';

describe('the settings of gateways', () => {
  const LONGEST_RUN_S = DEFAULTS.run.timeoutMs / 1_000;
  const KEEP_ALIVE_S = DEFAULTS.server.keepAliveTimeoutMs / 1_000;
  const BODY_BYTES = 10 * 1024 ** 2;
  const compose = readDocument('docker-compose.yml');
  /** The default that a variable of docker-compose.yml has. */
  const readDefault = (path: string): string => /:-(.*)\}$/.exec(String(compose.at(path)))?.[1] ?? '';

  const expectOrder = (silenceS: number, idleS: number): void => {
    expect(silenceS).toBeGreaterThan(LONGEST_RUN_S);
    expect(idleS).toBeLessThan(KEEP_ALIVE_S);
    expect(idleS).toBeGreaterThan(0);
  };

  it('have defaults that suit gateways whose limits are all 60 s', () => {
    expect(DEFAULTS.http.bodyLimit).toBe('10mb');
    expect(DEFAULTS.stream.heartbeatMs).toBeLessThanOrEqual(30_000);
    expect(DEFAULTS.server.keepAliveTimeoutMs).toBeGreaterThan(60_000);
  });

  it('fit for nginx in docker-compose.yml', () => {
    const environment = 'services.gateway.environment';
    expectOrder(
      seconds(readDefault(`${environment}.GATEWAY_READ_TIMEOUT`)),
      seconds(readDefault(`${environment}.GATEWAY_KEEP_ALIVE`)),
    );
    expect(readDefault(`${environment}.GATEWAY_BODY_LIMIT`)).toBe('10m');
    const wanted = new Set(
      [...readRepositoryFile('deploy/nginx/nginx.conf.template').matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name),
    );
    expect(new Set(compose.keys(environment).filter((name) => !name.startsWith('NGINX_')))).toEqual(wanted);
  });

  it('fit for the service in docker-compose.yml', () => {
    const service = 'services.millrace';
    for (const name of compose.keys(`${service}.environment`)) expect(KNOWN_VARIABLES).toContain(name);
    expect(seconds(readDefault(`${service}.stop_grace_period`)) * 1_000).toBeGreaterThan(
      DEFAULTS.shutdown.delayMs + DEFAULTS.shutdown.graceMs + DEFAULTS.tracing.flushTimeoutMs + SLACK_MS,
    );
    expect(compose.at(`${service}.read_only`)).toBe(true);
    expect(compose.at(`${service}.cap_drop`)).toEqual(['ALL']);
  });

  it('fit for two replicas with one database in docker-compose.yml', () => {
    const second = new YamlNode(compose.at('services.millrace-2'));
    expect(second.at('<<')).toEqual(compose.at('services.millrace'));
    expect(second.at('networks.default.aliases')).toEqual(['millrace']);
    for (const name of ['millrace-2', 'durable-postgres', 'durable-settings'])
      expect(compose.at(`services.${name}.profiles`)).toEqual(['durable']);
  });

  it('give the two replicas the address and the settings of their database', () => {
    const postgres = 'services.durable-postgres';
    expect(compose.at(`${postgres}.volumes`)).toEqual(['durable-postgres:/var/lib/postgresql/data']);
    expect(compose.keys('volumes')).toContain('durable-postgres');
    const settings = 'services.durable-settings';
    const condition = 'service_healthy';
    expect(compose.at(`${settings}.depends_on.durable-postgres.condition`)).toBe(condition);
    expect(compose.at(`services.millrace.depends_on.durable-settings`)).toEqual({ condition, required: false });
    const [, line = ''] = /printf "(.*)\\n" "\$\$PASSWORD"/.exec(String(compose.at(`${settings}.command.0`))) ?? [];
    const { RUNS_DATABASE_URL: url = '' } = parseEnv(line.replace('%s', 'secret'));
    const { username, hostname, pathname } = new URL(loadConfig({ RUNS_DATABASE_URL: url }).store.databaseUrl ?? '');
    expect(compose.at(`${postgres}.environment`)).toMatchObject({
      POSTGRES_USER: username,
      POSTGRES_DB: pathname.slice(1),
      POSTGRES_PASSWORD: compose.at(`${settings}.environment.PASSWORD`),
    });
    expect(hostname).toBe('durable-postgres');
  });

  it('fit for the ingress controller', () => {
    const annotations = 'metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/';
    const ingress = readManifest('ingress');
    expectOrder(Number(ingress.at(`${annotations}proxy-read-timeout`)), 60);
    expect(ingress.at(`${annotations}proxy-body-size`)).toBe('10m');
    expect(ingress.at(`${annotations}proxy-buffering`)).toBe('off');
    expect(ingress.at(`${annotations}proxy-next-upstream`)).toBe('off');
  });

  it('fit for Kong', () => {
    const [kong, text] = [readDocument('deploy/gateways/kong.yaml'), readRepositoryFile('deploy/gateways/kong.yaml')];
    const idle = /KONG_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT=(\d+)/.exec(text)?.[1];
    expectOrder(Number(kong.at('services.0.read_timeout')) / 1_000, Number(idle));
    expect(kong.at('services.0.retries')).toBe(0);
    expect(kong.at('services.0.routes.0')).toMatchObject({
      response_buffering: false,
      strip_path: false,
      paths: ['/v1'],
    });
    expect(text).toContain('CLIENT_MAX_BODY_SIZE=10m');
  });

  it('fit for Envoy', () => {
    const envoy = readDocument('deploy/gateways/envoy.yaml');
    const manager = new YamlNode(envoy.at('static_resources.listeners.0.filter_chains.0.filters.0.typed_config'));
    const [cluster] = envoy.list('static_resources.clusters');
    const options = 'typed_extension_protocol_options.envoy\\.extensions\\.upstreams\\.http\\.v3\\.HttpProtocolOptions';
    const idle = seconds(cluster?.at(`${options}.common_http_protocol_options.idle_timeout`));
    const route = manager.list('route_config.virtual_hosts.0.routes')[0];
    expectOrder(seconds(manager.at('stream_idle_timeout')), idle);
    expectOrder(seconds(route?.at('route.timeout')), idle);
    expect(route?.at('route.retry_policy')).toBeUndefined();
    expect(route?.at('route.cluster')).toBe(cluster?.at('name'));
    expect(manager.at('http_filters.0.typed_config.max_request_bytes')).toBe(BODY_BYTES);
    const error = String(manager.at('local_reply_config.body_format.text_format_source.inline_string'));
    expect(JSON.parse(error)).toMatchObject({ error: { param: null, type: 'server_error' } });
  });

  it('fit for an ALB', () => {
    const text = readRepositoryFile('deploy/gateways/aws-alb.md');
    const idle = Number(/idle_timeout\.timeout_seconds=(\d+)/.exec(text)?.[1]);
    const variables = Object.fromEntries(
      [...text.matchAll(/`(HTTP_\w+_MS)=(\d+)`/g)].map(([, name, value]) => [name ?? '', value ?? '']),
    );
    const { server } = loadConfig(variables);
    expect(idle).toBeGreaterThan(LONGEST_RUN_S);
    expect(server.keepAliveTimeoutMs).toBeGreaterThan(idle * 1_000);
    expect(server.headersTimeoutMs).toBeGreaterThan(server.keepAliveTimeoutMs);
    expect(server.requestTimeoutMs).toBeGreaterThanOrEqual(server.headersTimeoutMs);
  });
});

describe('what the files for deployment say', () => {
  it('names files that exist', () => {
    const text = readRepositoryFile('docs/deployment.md');
    const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
      .map(([, link]) => link ?? '')
      .filter((link) => !/^https?:/.test(link));
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect([link, existsSync(join(ROOT, 'docs', link))]).toEqual([link, true]);
  });

  it('names variables that the server knows', () => {
    const documents = [
      'docs/deployment.md',
      'deploy/gateways/aws-alb.md',
      'deploy/gateways/kong.yaml',
      'deploy/gateways/envoy.yaml',
    ];
    for (const document of documents) {
      for (const [, name = ''] of readRepositoryFile(document).matchAll(
        /\b((?:HTTP|SHUTDOWN|STREAM|RUN|TRACING|TRUST|BODY)_[A-Z_]+)\b/g,
      )) {
        expect([document, name, KNOWN_VARIABLES.has(name)]).toEqual([document, name, true]);
      }
    }
  });

  it('runs the image as a user without rights, on the port that the server has by default', () => {
    const dockerfile = readRepositoryFile('Dockerfile');
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(new RegExp(`^EXPOSE ${DEFAULTS.http.port}$`, 'm'));
    const user = deployment.at(`${pod}.securityContext.runAsUser`);
    expect(dockerfile).toContain(`USER ${String(user)}:`);
  });
});
