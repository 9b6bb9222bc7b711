import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/app/load-config.js';
import { TestApp } from '../support/app.js';
import { getJson } from '../support/http-client.js';
import { KNOWN_VARIABLES, readManifest, YamlNode } from '../support/deploy-files.js';
import { describeIfRuns } from '../support/programs.js';
import { ROOT } from '../support/places.js';

const KUBERNETES = join(ROOT, 'deploy/kubernetes');

const filesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** Time for the last bytes, and for Kubernetes and Docker themselves. */
const SLACK_MS = 1_000;

const deployment = readManifest('deployment');
const pod = 'spec.template.spec';
const container = `${pod}.containers.0`;
const settings = readManifest('configmap').at('data') as Record<string, string>;

describe('the manifests for Kubernetes', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('are all listed, or left out for a reason', () => {
    const listed = readManifest('kustomization').at('resources') as string[];
    for (const file of listed) expect(existsSync(join(KUBERNETES, file))).toBe(true);
    expect(filesIn(KUBERNETES).filter((file) => !listed.includes(file))).toEqual([
      'kustomization.yaml',
      'secret.example.yaml',
    ]);
  });

  it('set variables that the server knows, to values that it takes', () => {
    const secret = Object.keys(readManifest('secret.example').at('stringData') as object);
    for (const name of [...Object.keys(settings), ...secret]) expect(KNOWN_VARIABLES).toContain(name);
    expect(() =>
      loadConfig({ ...settings, ...(readManifest('secret.example').at('stringData') as object) }),
    ).not.toThrow();
    expect(Object.values(settings).every((value) => typeof value === 'string')).toBe(true);
    expect(
      deployment.list(`${container}.envFrom`).map((each) => each.at('configMapRef.name') ?? each.at('secretRef.name')),
    ).toEqual([readManifest('configmap').at('metadata.name'), readManifest('secret.example').at('metadata.name')]);
  });

  it('agree on the port', () => {
    expect(deployment.at(`${container}.ports.0`)).toEqual({ name: 'http', containerPort: Number(settings['PORT']) });
    expect(readManifest('service').at('spec.ports.0')).toMatchObject({ name: 'http', targetPort: 'http' });
    expect(readManifest('ingress').at('spec.rules.0.http.paths.0.backend.service')).toEqual({
      name: readManifest('service').at('metadata.name'),
      port: { name: 'http' },
    });
    expect(readManifest('network-policy').at('spec.ingress.0.ports.0.port')).toBe('http');
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
    // One pod must be gone before the next one stops.
    const pace = readManifest('horizontal-pod-autoscaler').at('spec.behavior.scaleDown.policies.0.periodSeconds');
    expect(Number(pace)).toBeGreaterThanOrEqual(Number(deployment.at(`${pod}.terminationGracePeriodSeconds`)));
  });

  it('give the process no rights that it does not need', () => {
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
      readManifest('service').at('spec.selector'),
      readManifest('pod-disruption-budget').at('spec.selector.matchLabels'),
      readManifest('network-policy').at('spec.podSelector.matchLabels'),
      ...deployment.list(`${pod}.topologySpreadConstraints`).map((each) => each.at('labelSelector.matchLabels')),
    ]) {
      expect(selector).toEqual(labels);
    }
    expect(readManifest('prometheus/service-monitor').at('spec.selector.matchLabels')).toEqual(
      readManifest('service').at('metadata.labels'),
    );
  });

  it('scale from two pods up by a metric that exists', async () => {
    const scaler = readManifest('horizontal-pod-autoscaler');
    expect(scaler.at('spec.scaleTargetRef')).toMatchObject({
      kind: deployment.at('kind'),
      name: deployment.at('metadata.name'),
    });
    expect(scaler.at('spec.minReplicas')).toBeGreaterThanOrEqual(2);
    const metric = scaler.at('spec.metrics.0.pods.metric.name');
    expect(readManifest('prometheus/adapter-values').at('rules.custom.0.name.as')).toBe(metric);
    const { path } = readManifest('prometheus/service-monitor').at('spec.endpoints.0') as { path: string };
    const atWork = scaler.at('spec.metrics.1.pods.metric.name');
    expect(readManifest('prometheus/adapter-values').at('rules.custom.1.name.as')).toBe(atWork);
    const waiting = scaler.at('spec.metrics.2.external.metric.name');
    expect(readManifest('prometheus/adapter-values').at('rules.external.0.name.as')).toBe(waiting);
    const { text } = await getJson(`${app.url}${path}`);
    for (const name of [metric, atWork, waiting]) expect(text).toContain(`# TYPE ${String(name)} gauge`);
  });

  it('never take two pods away at once', () => {
    expect(readManifest('pod-disruption-budget').at('spec.maxUnavailable')).toBe(1);
    expect(deployment.at('spec.strategy.rollingUpdate.maxUnavailable')).toBe(0);
  });
});

describe('the manifests of pods that only work on runs', () => {
  const component = readManifest('workers/kustomization');
  const patches = component.list('patches').map((each) => parse(String(each.at('patch'))) as unknown);
  const asWeb = (file: string): unknown =>
    JSON.parse(JSON.stringify(readManifest(`workers/${file}`).value).replaceAll('millrace-worker', 'millrace'));

  it('are all listed, and add to the others under another name', () => {
    const listed = component.at('resources') as string[];
    expect(filesIn(join(KUBERNETES, 'workers')).filter((file) => !listed.includes(file))).toEqual([
      'kustomization.yaml',
    ]);
    for (const file of listed) {
      const name = file.replace('.yaml', '');
      expect(readManifest(`workers/${name}`).at('metadata.name')).toBe('millrace-worker');
      expect(asWeb(name)).toMatchObject({ kind: readManifest(name).at('kind') });
    }
  });

  it('differ from those of all pods in nothing but their name', () => {
    expect(asWeb('deployment')).toEqual(deployment.value);
    expect(asWeb('pod-disruption-budget')).toEqual(readManifest('pod-disruption-budget').value);
  });

  it('get no requests, and are seen by Prometheus', () => {
    const labels = readManifest('workers/deployment').at('spec.template.metadata.labels') as object;
    expect(labels).not.toEqual(readManifest('service').at('spec.selector'));
    const service = readManifest('workers/service');
    expect(service.at('spec')).toMatchObject({ clusterIP: 'None', selector: labels });
    expect(service.at('metadata.labels')).toMatchObject(
      readManifest('prometheus/service-monitor').at('spec.selector.matchLabels') as object,
    );
    const policy = readManifest('workers/network-policy');
    expect(policy.at('spec.podSelector.matchLabels')).toEqual(labels);
    expect(policy.list('spec.ingress.0.from')).toHaveLength(1);
    expect(policy.at('spec.ingress.0.from.0')).toEqual(readManifest('network-policy').at('spec.ingress.0.from.1'));
  });

  it('scale by the queue, in place of the others', () => {
    const scaler = readManifest('workers/horizontal-pod-autoscaler');
    expect(scaler.at('spec.scaleTargetRef')).toMatchObject({ kind: 'Deployment', name: 'millrace-worker' });
    const others = readManifest('horizontal-pod-autoscaler')
      .list('spec.metrics')
      .map(({ value }) => value);
    const own = scaler.list('spec.metrics').map(({ value }) => value);
    expect(own).toEqual([others[2], others[1], others[3]]);
    expect(scaler.at('spec.behavior')).toEqual(readManifest('horizontal-pod-autoscaler').at('spec.behavior'));
  });

  it('leave the other pods the requests alone', () => {
    const [web, removal] = patches;
    const [patched] = new YamlNode(web).list(`${pod}.containers`);
    expect(web).toMatchObject({ kind: 'Deployment', metadata: { name: deployment.at('metadata.name') } });
    expect(patched?.at('name')).toBe(deployment.at(`${container}.name`));
    const env = patched?.list('env').map(({ value }) => value as { name: string; value: string }) ?? [];
    expect(env).toEqual([{ name: 'RUNS_CONCURRENCY', value: '0' }]);
    const database = { RUNS_DATABASE_URL: 'postgres://localhost/runs' };
    expect(loadConfig({ ...settings, ...database, RUNS_CONCURRENCY: '0' }).store.concurrency).toBe(0);
    // The last one comes first, because each removal moves the following ones.
    expect(removal).toEqual(
      [2, 1].flatMap((place) => [
        {
          op: 'test',
          path: `/spec/metrics/${place}/${place === 2 ? 'external' : 'pods'}/metric/name`,
          value: place === 2 ? 'millrace_due_runs' : 'millrace_background_runs',
        },
        { op: 'remove', path: `/spec/metrics/${place}` },
      ]),
    );
  });
});

describeIfRuns('kubectl', ['kustomize', KUBERNETES])('the manifests, as kubectl puts them together', () => {
  it('have both kinds of pods, of one image, once the component is added', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-kubernetes-'));
    await cp(KUBERNETES, folder, { recursive: true });
    await appendFile(join(folder, 'kustomization.yaml'), 'components: [workers]\n');
    const { stdout } = await promisify(execFile)('kubectl', ['kustomize', folder]);
    await rm(folder, { recursive: true });
    const documents = parseAllDocuments(stdout).map((document) => new YamlNode(document.toJS()));
    const find = (kind: string): readonly YamlNode[] => documents.filter((each) => each.at('kind') === kind);
    const [web, worker] = find('Deployment');
    expect([web, worker].map((each) => each?.at('metadata.name'))).toEqual(['millrace', 'millrace-worker']);
    expect(worker?.at(`${container}.image`)).toBe(web?.at(`${container}.image`));
    expect(web?.at(`${container}.env`)).toEqual([{ name: 'RUNS_CONCURRENCY', value: '0' }]);
    expect(worker?.at(`${container}.env`)).toBeUndefined();
    expect(find('HorizontalPodAutoscaler').map((each) => each.keys('spec.metrics').length)).toEqual([2, 3]);
  });
});
