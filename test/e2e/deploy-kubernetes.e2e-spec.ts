import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/app/load-config.js';
import { TestApp } from '../support/app.js';
import { getJson } from '../support/http-client.js';
import { KNOWN_VARIABLES, ROOT, readManifest } from '../support/deploy-files.js';

const KUBERNETES = join(ROOT, 'deploy/kubernetes');

const filesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** How long the last bytes may take, and what Kubernetes and Docker need themselves. */
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
    // One pod has to be gone before the next one goes.
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
    const waiting = scaler.at('spec.metrics.1.external.metric.name');
    expect(readManifest('prometheus/adapter-values').at('rules.external.0.name.as')).toBe(waiting);
    const { text } = await getJson(`${app.url}${path}`);
    for (const name of [metric, waiting]) expect(text).toContain(`# TYPE ${String(name)} gauge`);
  });

  it('never take two pods away at once', () => {
    expect(readManifest('pod-disruption-budget').at('spec.maxUnavailable')).toBe(1);
    expect(deployment.at('spec.strategy.rollingUpdate.maxUnavailable')).toBe(0);
  });
});
