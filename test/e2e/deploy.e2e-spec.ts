import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/app/load-config.js';
import { TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { getJson, postJson } from '../support/http-client.js';
import { startProcess } from '../support/process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';

const ROOT = join(import.meta.dirname, '../..');
const KUBERNETES = join(ROOT, 'deploy/kubernetes');

/** A value read from YAML; what is missing is undefined. */
class Node {
  constructor(readonly value: unknown) {}

  /** @param path keys and indexes, with dots between; a dot in a key is written `\.` */
  at(path: string): unknown {
    return path.split(/(?<!\\)\./).reduce<unknown>((value, key) => {
      return typeof value === 'object' && value !== null
        ? (value as Record<string, unknown>)[key.replaceAll('\\.', '.')]
        : undefined;
    }, this.value);
  }

  keys(path: string): string[] {
    return Object.keys(this.at(path) ?? {});
  }

  list(path: string): Node[] {
    return ((this.at(path) ?? []) as unknown[]).map((value) => new Node(value));
  }
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every document of a YAML file; throws if one has a fault. */
function yaml(path: string): Node[] {
  return parseAllDocuments(read(path)).map((document) => {
    if (document.errors.length > 0 || document.warnings.length > 0) {
      throw new Error(`${path}: ${[...document.errors, ...document.warnings].join('\n')}`);
    }
    return new Node(document.toJS());
  });
}

function one(path: string): Node {
  const [first, ...rest] = yaml(path);
  if (first === undefined || rest.length > 0) throw new Error(`${path} does not hold exactly one document`);
  return first;
}

const manifest = (name: string): Node => one(`deploy/kubernetes/${name}.yaml`);
const filesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** The server's own variables: a test of the configuration makes sure that `.env.example` has all of them. */
const KNOWN = new Set(
  [...(read('.env.example').split('# For docker compose only')[0] ?? '').matchAll(/^#([A-Z_]+)=/gm)].map(
    ([, name]) => name,
  ),
);
const DEFAULTS = loadConfig({});
const seconds = (text: unknown): number => Number(/^(\d+)s$/.exec(String(text))?.[1]);
/** How long the last bytes may take, and what Kubernetes and Docker need themselves. */
const SLACK_MS = 1_000;

const deployment = manifest('deployment');
const pod = 'spec.template.spec';
const container = `${pod}.containers.0`;
const settings = manifest('configmap').at('data') as Record<string, string>;

describe('the manifests for Kubernetes', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('are all listed, or left out for a reason', () => {
    const listed = manifest('kustomization').at('resources') as string[];
    for (const file of listed) expect(existsSync(join(KUBERNETES, file))).toBe(true);
    expect(filesIn(KUBERNETES).filter((file) => !listed.includes(file))).toEqual([
      'kustomization.yaml',
      'secret.example.yaml',
    ]);
  });

  it('set variables that the server knows, to values that it takes', () => {
    const secret = Object.keys(manifest('secret.example').at('stringData') as object);
    for (const name of [...Object.keys(settings), ...secret]) expect(KNOWN).toContain(name);
    expect(() => loadConfig(settings)).not.toThrow();
    expect(Object.values(settings).every((value) => typeof value === 'string')).toBe(true);
    expect(
      deployment.list(`${container}.envFrom`).map((each) => each.at('configMapRef.name') ?? each.at('secretRef.name')),
    ).toEqual([manifest('configmap').at('metadata.name'), manifest('secret.example').at('metadata.name')]);
  });

  it('agree on the port', () => {
    expect(deployment.at(`${container}.ports.0`)).toEqual({ name: 'http', containerPort: Number(settings['PORT']) });
    expect(manifest('service').at('spec.ports.0')).toMatchObject({ name: 'http', targetPort: 'http' });
    expect(manifest('ingress').at('spec.rules.0.http.paths.0.backend.service')).toEqual({
      name: manifest('service').at('metadata.name'),
      port: { name: 'http' },
    });
    expect(manifest('network-policy').at('spec.ingress.0.ports.0.port')).toBe('http');
  });

  it.each(['startupProbe', 'livenessProbe', 'readinessProbe'])('%s probes a route that answers', async (probe) => {
    const { path, port } = deployment.at(`${container}.${probe}.httpGet`) as { path: string; port: string };
    expect(port).toBe('http');
    expect((await getJson(`${app.url}${path}`)).status).toBe(200);
    expect(path).toBe(probe === 'readinessProbe' ? '/health/ready' : '/health/live');
  });

  it('give a pod longer to end than everything that it does at its end', () => {
    const { shutdown, tracing } = loadConfig(settings);
    expect(shutdown.delayMs).toBeGreaterThanOrEqual(3_000);
    const preStop = deployment.at(`${container}.lifecycle.preStop.exec.command`) as string[];
    expect(preStop[0]).toBe('sleep');
    const longest =
      Number(preStop[1]) * 1_000 + shutdown.delayMs + shutdown.graceMs + tracing.flushTimeoutMs + SLACK_MS;
    expect(Number(deployment.at(`${pod}.terminationGracePeriodSeconds`)) * 1_000).toBeGreaterThan(longest);
    // One pod has to be gone before the next one goes.
    const pace = manifest('horizontal-pod-autoscaler').at('spec.behavior.scaleDown.policies.0.periodSeconds');
    expect(Number(pace)).toBeGreaterThanOrEqual(Number(deployment.at(`${pod}.terminationGracePeriodSeconds`)));
  });

  it('give the process no right that it does not need', () => {
    expect(deployment.at(`${pod}.securityContext`)).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(deployment.at(`${container}.securityContext`)).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(deployment.at(`${pod}.automountServiceAccountToken`)).toBe(false);
    expect(deployment.keys(`${container}.resources`)).toEqual(['requests', 'limits']);
  });

  it('select the same pods', () => {
    const labels = deployment.at('spec.template.metadata.labels');
    for (const selector of [
      deployment.at('spec.selector.matchLabels'),
      manifest('service').at('spec.selector'),
      manifest('pod-disruption-budget').at('spec.selector.matchLabels'),
      manifest('network-policy').at('spec.podSelector.matchLabels'),
      ...deployment.list(`${pod}.topologySpreadConstraints`).map((each) => each.at('labelSelector.matchLabels')),
    ]) {
      expect(selector).toEqual(labels);
    }
    expect(manifest('prometheus/service-monitor').at('spec.selector.matchLabels')).toEqual(
      manifest('service').at('metadata.labels'),
    );
  });

  it('scale two pods and more by a metric that exists, and never take two away at once', async () => {
    const scaler = manifest('horizontal-pod-autoscaler');
    expect(scaler.at('spec.scaleTargetRef')).toMatchObject({
      kind: deployment.at('kind'),
      name: deployment.at('metadata.name'),
    });
    expect(scaler.at('spec.minReplicas')).toBeGreaterThanOrEqual(2);
    const metric = scaler.at('spec.metrics.0.pods.metric.name');
    expect(manifest('prometheus/adapter-values').at('rules.custom.0.name.as')).toBe(metric);
    const { path } = manifest('prometheus/service-monitor').at('spec.endpoints.0') as { path: string };
    expect((await getJson(`${app.url}${path}`)).text).toContain(`# TYPE ${String(metric)} gauge`);
    expect(manifest('pod-disruption-budget').at('spec.maxUnavailable')).toBe(1);
    expect(deployment.at('spec.strategy.rollingUpdate.maxUnavailable')).toBe(0);
  });
});

describe('the settings of gateways', () => {
  const LONGEST_RUN_S = DEFAULTS.run.timeoutMs / 1_000;
  const KEEP_ALIVE_S = DEFAULTS.server.keepAliveTimeoutMs / 1_000;
  const BODY_BYTES = 10 * 1024 ** 2;
  const compose = one('docker-compose.yml');
  /** The default that a variable of docker-compose.yml has. */
  const composed = (path: string): string => /:-(.*)\}$/.exec(String(compose.at(path)))?.[1] ?? '';

  const expectOrder = (silenceS: number, idleS: number): void => {
    expect(silenceS).toBeGreaterThan(LONGEST_RUN_S);
    expect(idleS).toBeLessThan(KEEP_ALIVE_S);
    expect(idleS).toBeGreaterThan(0);
  };

  it('rest on defaults that suit gateways whose limits are all 60 s', () => {
    expect(DEFAULTS.http.bodyLimit).toBe('10mb');
    expect(DEFAULTS.stream.heartbeatMs).toBeLessThanOrEqual(30_000);
    expect(DEFAULTS.server.keepAliveTimeoutMs).toBeGreaterThan(60_000);
  });

  it('fit for nginx in docker-compose.yml', () => {
    const environment = 'services.gateway.environment';
    expectOrder(
      seconds(composed(`${environment}.GATEWAY_READ_TIMEOUT`)),
      seconds(composed(`${environment}.GATEWAY_KEEP_ALIVE`)),
    );
    expect(composed(`${environment}.GATEWAY_BODY_LIMIT`)).toBe('10m');
    const wanted = new Set(
      [...read('deploy/nginx/nginx.conf.template').matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name),
    );
    expect(new Set(compose.keys(environment).filter((name) => !name.startsWith('NGINX_')))).toEqual(wanted);
  });

  it('fit for the service in docker-compose.yml', () => {
    const service = 'services.millrace';
    for (const name of compose.keys(`${service}.environment`)) expect(KNOWN).toContain(name);
    expect(seconds(composed(`${service}.stop_grace_period`)) * 1_000).toBeGreaterThan(
      DEFAULTS.shutdown.delayMs + DEFAULTS.shutdown.graceMs + DEFAULTS.tracing.flushTimeoutMs + SLACK_MS,
    );
    expect(compose.at(`${service}.read_only`)).toBe(true);
    expect(compose.at(`${service}.cap_drop`)).toEqual(['ALL']);
  });

  it('fit for the ingress controller', () => {
    const annotations = 'metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/';
    const ingress = manifest('ingress');
    expectOrder(Number(ingress.at(`${annotations}proxy-read-timeout`)), 60);
    expect(ingress.at(`${annotations}proxy-body-size`)).toBe('10m');
    expect(ingress.at(`${annotations}proxy-buffering`)).toBe('off');
    expect(ingress.at(`${annotations}proxy-next-upstream`)).toBe('off');
  });

  it('fit for Kong', () => {
    const [kong, text] = [one('deploy/gateways/kong.yaml'), read('deploy/gateways/kong.yaml')];
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
    const envoy = one('deploy/gateways/envoy.yaml');
    const manager = new Node(envoy.at('static_resources.listeners.0.filter_chains.0.filters.0.typed_config'));
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
    const text = read('deploy/gateways/aws-alb.md');
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

describe('the profile langfuse of docker-compose.yml', () => {
  const compose = one('docker-compose.yml');
  const service = 'services.langfuse-settings';
  let folder: string;
  let server: ServerProcess | undefined;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(ensureServerIsBuilt, 120_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-settings-'));
  });
  afterEach(async () => {
    await server?.process.stop();
    server = undefined;
    for (const each of open.splice(0)) await each.close();
    rmSync(folder, { recursive: true });
  });

  /** A value as Compose makes it: `${NAME:-default}`, `${NAME:+other}` and `$$`. */
  const interpolate = (value: unknown, dotEnv: Record<string, string>): string =>
    String(value)
      .replaceAll(/(?<!\$)\$\{(\w+):([-+])([^}]*)\}/g, (_, name: string, sign: string, word: string) =>
        sign === '-' ? (dotEnv[name] ?? word) : dotEnv[name] === undefined ? '' : word,
      )
      .replaceAll('$$', '$');

  /** Runs what the container runs until it is healthy, with a folder of this machine in place of the volume. */
  const writeSettings = async (dotEnv: Record<string, string>): Promise<string> => {
    const file = join(folder, '.env');
    const env = Object.fromEntries(
      compose
        .keys(`${service}.environment`)
        .map((name) => [name, interpolate(compose.at(`${service}.environment.${name}`), dotEnv)]),
    );
    const [command, option] = compose.at(`${service}.entrypoint`) as [string, string];
    const script = interpolate(compose.at(`${service}.command.0`), dotEnv);
    const child = await startProcess([option, script], { command, env: { ...env, FILE: file }, group: true });
    try {
      await eventually(() => existsSync(file) && (child.stdout !== '' || readFileSync(file, 'utf8').endsWith("'\n")));
      return readFileSync(file, 'utf8');
    } finally {
      await child.stop();
    }
  };

  it('has a service that waits for Langfuse, and that Millrace waits for if the profile is on', () => {
    expect(compose.at('services.millrace.depends_on.langfuse-settings')).toEqual({
      condition: 'service_healthy',
      required: false,
    });
    expect(compose.at(`${service}.depends_on.langfuse-web.condition`)).toBe('service_healthy');
    expect(compose.at(`${service}.profiles`)).toEqual(['langfuse']);
    // One volume: where the one writes, the other has its working folder.
    const [written] = compose.at(`${service}.volumes`) as string[];
    const [mounted] = compose.at('services.millrace.volumes') as string[];
    expect(written).toBe('settings:/settings');
    expect(compose.at(`${service}.environment.FILE`)).toBe('/settings/.env');
    expect(compose.at(`${service}.healthcheck.test`)).toEqual(['CMD', 'test', '-f', '/settings/.env']);
    expect(mounted).toBe(`settings:${String(compose.at('services.millrace.working_dir'))}:ro`);
    expect(compose.at('services.millrace.command')).toEqual(['node', '--enable-source-maps', '/app/dist/main.js']);
    expect(read('Dockerfile')).toMatch(
      /^WORKDIR \/app\n[^]*CMD \["node", "--enable-source-maps", "dist\/main\.js"\]$/m,
    );
    expect(compose.at('volumes.settings.driver_opts.type')).toBe('tmpfs');
    expect((compose.at('services.langfuse-web.networks') as string[]).includes('default')).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['as they are by default', {}],
    [
      'as .env sets them',
      {
        LANGFUSE_INIT_PROJECT_PUBLIC_KEY: 'pk-lf-of-the-team',
        LANGFUSE_INIT_PROJECT_SECRET_KEY: 'sk-lf-of-$the-"#team"',
      },
    ],
  ])('gives Millrace the address and keys of its project, %s, with which it sends traces', async (_, dotEnv) => {
    const init = (name: string): string =>
      interpolate(compose.at(`services.langfuse-web.environment.LANGFUSE_INIT_PROJECT_${name}`), dotEnv);
    const langfuse = await FakeLangfuse.start({ publicKey: init('PUBLIC_KEY'), secretKey: init('SECRET_KEY') });
    const upstream = await ScriptedUpstream.start();
    open.push(langfuse, upstream);
    const settings = await writeSettings(dotEnv);
    expect(settings).toContain("LANGFUSE_BASE_URL='http://langfuse-web:3000'\n");
    writeFileSync(join(folder, '.env'), settings.replace('http://langfuse-web:3000', langfuse.url));

    upstream.next(scriptStream('Traced.'));
    server = await startServerProcess({ cwd: folder, env: { ...dotEnv, OPENAI_BASE_URL: upstream.url } });
    const answer = await postJson(`${server.url}/v1/chat/completions`, {
      model: 'chat',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(answer.status).toBe(200);
    await eventually(() => langfuse.traces().length === 1, { message: 'the trace' });
  });

  it.each([
    'LANGFUSE_BASE_URL',
    'LANGFUSE_BASEURL',
    'LANGFUSE_HOST',
    'LANGFUSE_PUBLIC_KEY',
    'LANGFUSE_PUBLIC_KEY_FILE',
    'LANGFUSE_SECRET_KEY',
    'LANGFUSE_SECRET_KEY_FILE',
  ])('leaves everything as it is where .env has a %s', async (name) => {
    expect(await writeSettings({ [name]: 'http://langfuse.example' })).toBe('');
  });
});

describe('what the files for deployment say', () => {
  it('names files that exist', () => {
    const text = read('docs/deployment.md');
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
      for (const [, name = ''] of read(document).matchAll(
        /\b((?:HTTP|SHUTDOWN|STREAM|RUN|TRACING|TRUST|BODY)_[A-Z_]+)\b/g,
      )) {
        expect([document, name, KNOWN.has(name)]).toEqual([document, name, true]);
      }
    }
  });

  it('runs the image as a user without rights, on the port that the server has by default', () => {
    const dockerfile = read('Dockerfile');
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(new RegExp(`^EXPOSE ${DEFAULTS.http.port}$`, 'm'));
    const user = deployment.at(`${pod}.securityContext.runAsUser`);
    expect(dockerfile).toContain(`USER ${String(user)}:`);
  });
});
