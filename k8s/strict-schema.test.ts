import { describe, expect, it } from 'vitest';
import { type Manifest, parseManifests } from './testing/manifests.ts';
import { schemaProblems } from './testing/strict-schema.ts';

const DEPLOYMENT = `
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: one}
  spec:
    selector: {matchLabels: {a: b}}
    template:
      metadata: {labels: {a: b}, annotations: {free: form}}
      spec:
        containers: [{name: a, image: b}]
`;

describe('the schema check', () => {
  it('has nothing against what is right', async () => {
    expect(await schemaProblems(parse(DEPLOYMENT))).toEqual([]);
  });

  it.each([
    ['a version that does not exist', 'apps/v1', 'apps/v2', 'apps/v2 has no Deployment'],
    ['a group that does not exist', 'apps/v1', 'apps.example.com/v1', 'has no Deployment'],
    ['a kind that does not exist', 'kind: Deployment', 'kind: Deploiment', 'has no Deploiment'],
    ['a kind of another group', 'kind: Deployment', 'kind: Pod', 'apps/v1 has no Pod'],
    [
      'a field that does not exist',
      'selector:',
      'replica: 3\n    selector:',
      'there is no field spec.replica',
    ],
    [
      'a field deep inside that does not exist',
      'image: b',
      'image: b, securityContext: {runAsNonroot: true}',
      'there is no field spec.template.spec.containers[0].securityContext.runAsNonroot',
    ],
    ['a value of the wrong type', 'selector:', 'replicas: three\n    selector:', 'must be integer'],
    ['a required field that is missing', 'name: a,', '', 'must have required property name'],
    ['a label that is no text', '{a: b}, annotations', '{a: 1}, annotations', 'must be string'],
  ])('finds %s', async (_what, right, wrong, message) => {
    expect(DEPLOYMENT).toContain(right);
    const problems = await schemaProblems(parse(DEPLOYMENT.replace(right, wrong)));
    expect(problems.join('\n')).toContain(message);
  });

  it.each([
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['gateway.networking.k8s.io/v1', 'Gateway'],
    ['gateway.networking.k8s.io/v1', 'GatewayClass'],
    ['gateway.envoyproxy.io/v1alpha1', 'BackendTrafficPolicy'],
    ['gateway.envoyproxy.io/v1alpha1', 'ClientTrafficPolicy'],
    ['traefik.io/v1alpha1', 'IngressRoute'],
    ['traefik.io/v1alpha1', 'Middleware'],
    ['traefik.io/v1alpha1', 'ServersTransport'],
    ['monitoring.coreos.com/v1', 'PodMonitor'],
    ['monitoring.coreos.com/v1', 'PrometheusRule'],
    ['k6.io/v1alpha1', 'TestRun'],
  ])('knows %s %s and finds a field that it does not have', async (apiVersion, kind) => {
    const text = `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: one}, spec: {sideways: 1}}`;
    expect(await schemaProblems(parse(text))).toContain(`${kind} one: there is no field spec.sideways`);
  });

  it('finds a key that is given twice', () => {
    expect(() => parse('{apiVersion: v1, kind: Pod, kind: Pod, metadata: {name: a}}')).toThrow(/unique/);
  });
});

function parse(text: string): Manifest {
  const [manifest] = parseManifests(text);
  if (!manifest) throw new Error('no object');
  return manifest;
}
