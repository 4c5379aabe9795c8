import { beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from './testing/manifests.ts';
import { buildWithEverything } from './testing/overlays.ts';
import { type Change, plant } from './testing/plant.ts';
import { breachesOf, POLICIES } from './testing/policies/all.ts';

const NODE = 'Deployment kryton-node';
const COST = 'Deployment kryton-pod-deletion-cost';
const MIGRATE = 'Job kryton-migrate';
const HPA = 'HorizontalPodAutoscaler kryton-node';
const PUBLIC = 'NetworkPolicy kryton-public';
const METRICS = 'NetworkPolicy kryton-metrics';

const pod = (path: string) => `spec template spec ${path}`;
const main = (path: string) => pod(`containers 0 ${path}`);
const first = (path: string) => pod(`initContainers 0 ${path}`);
const context = (path: string) => `securityContext ${path}`;
const anywhere = { port: 9999, protocol: 'TCP' };

/** For each policy the breaches that it must find: what is changed to plant one. */
const PLANTED: Readonly<Record<string, readonly Change[]>> = {
  'the namespace enforces the profile restricted': [
    ['Namespace kryton', 'metadata labels pod-security.kubernetes.io/enforce', 'baseline'],
    ['Namespace kryton', 'kind', 'Nowhere'],
  ],
  'no pod runs as root': [
    [NODE, pod(context('runAsNonRoot')), undefined],
    [NODE, pod(context('runAsUser')), 0],
    [MIGRATE, pod(context('runAsGroup')), undefined],
  ],
  'every pod has the seccomp profile of the runtime': [
    [NODE, pod(context('seccompProfile type')), 'Unconfined'],
    ['StatefulSet kryton-redis', pod('securityContext'), undefined],
  ],
  'no pod shares namespaces or paths of its machine': [
    [NODE, pod('hostNetwork'), true],
    [NODE, pod('hostPID'), true],
    [NODE, pod('volumes 0'), { name: 'tmp', hostPath: { path: '/tmp' } }],
  ],
  'no container gains privileges': [
    [NODE, main(context('allowPrivilegeEscalation')), undefined],
    [NODE, first(context('allowPrivilegeEscalation')), true],
    [NODE, main(context('privileged')), true],
    [MIGRATE, main(context('capabilities drop')), ['NET_RAW']],
    [COST, main(context('capabilities add')), ['NET_BIND_SERVICE']],
    [NODE, main(context('runAsUser')), 0],
    [NODE, main(context('seccompProfile')), { type: 'Unconfined' }],
  ],
  'every root file system is read-only': [
    [NODE, main(context('readOnlyRootFilesystem')), undefined],
    ['StatefulSet kryton-postgres', main(context('readOnlyRootFilesystem')), false],
  ],
  'what is written to in memory or on the node is bounded': [[NODE, pod('volumes 0 emptyDir'), {}]],
  'every pod can write to /tmp': [[NODE, main('volumeMounts'), undefined]],
  'no container takes a port of its machine': [[NODE, main('ports 0 hostPort'), 3001]],
  'no pod has a token of the Kubernetes API': [
    [NODE, pod('automountServiceAccountToken'), undefined],
    [MIGRATE, pod('automountServiceAccountToken'), true],
  ],
  'every pod has an account of its own that mounts no token by itself': [
    [NODE, pod('serviceAccountName'), undefined],
    ['ServiceAccount kryton', 'automountServiceAccountToken', true],
  ],
  'no pod gets variables of Services': [[NODE, pod('enableServiceLinks'), undefined]],
  'every image is one release, never the latest': [
    [NODE, main('image'), 'kryton-cluster:latest'],
    [NODE, main('image'), 'registry.example.com:5000/kryton-cluster'],
    [NODE, first('image'), 'kryton-cluster'],
  ],
  'every container that stays has three probes with a deadline': [
    [NODE, main('startupProbe'), undefined],
    [NODE, main('livenessProbe'), undefined],
    [NODE, main('readinessProbe'), undefined],
    [COST, main('livenessProbe timeoutSeconds'), undefined],
  ],
  'liveness is asked of the process alone': [[NODE, main('livenessProbe httpGet path'), '/readyz']],
  'every container says what it needs and the most it may take': [
    [NODE, main('resources requests cpu'), undefined],
    [NODE, first('resources'), undefined],
    [MIGRATE, main('resources limits memory'), undefined],
  ],
  'no replica is taken away before another one is ready': [
    [NODE, 'spec strategy rollingUpdate maxUnavailable', 1],
    [NODE, 'spec strategy', undefined],
    [NODE, 'spec strategy', { type: 'Recreate' }],
  ],
  'every Deployment of several replicas is spread and has a budget of disruptions that lets one go': [
    [NODE, pod('topologySpreadConstraints'), undefined],
    ['PodDisruptionBudget kryton-node', 'kind', 'Nothing'],
    ['PodDisruptionBudget kryton-worker', 'spec maxUnavailable', 0],
    [
      'PodDisruptionBudget kryton-worker',
      'spec selector matchLabels',
      { 'app.kubernetes.io/name': 'kryton' },
    ],
  ],
  'every controller selects its own pods alone': [
    [NODE, 'spec selector matchLabels', { 'app.kubernetes.io/name': 'kryton' }],
    [NODE, 'spec template metadata labels', { 'app.kubernetes.io/name': 'kryton' }],
  ],
  'the autoscaler is alone in setting replicas, grows at once and shrinks slowly': [
    [NODE, 'spec replicas', 3],
    [HPA, 'spec scaleTargetRef name', 'another'],
    [HPA, 'spec behavior scaleDown', undefined],
    [HPA, 'spec behavior scaleDown policies 0 value', 5],
    [HPA, 'spec behavior scaleUp stabilizationWindowSeconds', 600],
    [HPA, 'spec minReplicas', 1],
  ],
  'nothing comes in or goes out unless it is allowed': [
    ['NetworkPolicy default-deny', 'kind', 'Nothing'],
    ['NetworkPolicy default-deny', 'spec policyTypes', ['Ingress']],
    ['NetworkPolicy default-deny', 'spec egress', [{}]],
  ],
  'every port that a container listens on may be reached': [
    [PUBLIC, 'kind', 'Nothing'],
    [METRICS, 'spec podSelector matchExpressions 1 values', ['node']],
    [NODE, main('ports'), [{ name: 'more', containerPort: 4000 }]],
    ['NetworkPolicy kryton-redis-server', 'spec ingress', undefined],
  ],
  'no way in leads to a port that nobody listens on, or to all ports': [
    [PUBLIC, 'spec ingress 0 ports', [anywhere]],
    [PUBLIC, 'spec ingress 0 ports', undefined],
    [METRICS, 'spec ingress 0 ports 0 protocol', 'UDP'],
  ],
  'the figures are not for everybody': [[METRICS, 'spec ingress 0 from', undefined]],
  'everybody reaches what its variables name, and the names': [
    ['NetworkPolicy kryton-postgresql', 'spec egress 0 ports 0 port', 5433],
    ['NetworkPolicy kryton-postgresql', 'spec podSelector matchExpressions 1 values', ['node', 'worker']],
    ['NetworkPolicy kryton-redis', 'kind', 'Nothing'],
    ['NetworkPolicy kryton-dns', 'spec egress 0 ports', [{ protocol: 'UDP', port: 53 }]],
  ],
  'no way out is open for every port, or for what nobody uses': [
    ['NetworkPolicy kryton-redis', 'spec egress 0 ports', undefined],
    ['NetworkPolicy kryton-redis', 'spec egress 0 ports 1', anywhere],
    ['NetworkPolicy kryton-dns', 'spec egress 0 to', undefined],
  ],
  'every Service leads to a port that its pods have': [
    ['Service kryton', 'spec ports 0 targetPort', 'web'],
    ['Service kryton-metrics', 'spec selector', { 'app.kubernetes.io/name': 'nobody' }],
  ],
  'no secret is part of an installation': [['ServiceAccount kryton', 'kind', 'Secret']],
  'what is secret comes from the Secret': [
    [NODE, main('env 1'), { name: 'REDIS_URL', value: 'redis://:password@redis:6379' }],
    [NODE, main('env 3 valueFrom secretKeyRef name'), 'another'],
  ],
  'no ConfigMap holds a secret': [
    ['PodDisruptionBudget kryton-node', '', { kind: 'ConfigMap', data: { BETTER_AUTH_SECRET: 'abc' } }],
  ],
  'nobody gets rights beyond listing and patching pods': [
    ['Role kryton-pod-deletion-cost', 'rules 0 verbs', ['list', 'patch', 'delete']],
    ['Role kryton-pod-deletion-cost', 'rules 0 resources', ['pods', 'secrets']],
    ['Role kryton-pod-deletion-cost', 'kind', 'ClusterRole'],
  ],
};
let manifests: readonly Manifest[];
beforeAll(async () => {
  manifests = await buildWithEverything('gateway-api');
}, 60_000);

describe('the policies', () => {
  it('are all broken once below', () => {
    expect(Object.keys(PLANTED).toSorted()).toEqual(POLICIES.map(({ name }) => name).toSorted());
  });

  it('find nothing in what is shipped', () => {
    expect(breachesOf(manifests)).toEqual([]);
  });

  it.each(Object.entries(PLANTED))('%s', (name, changes) => {
    const policy = POLICIES.find((each) => each.name === name);
    for (const change of changes) {
      expect(policy?.breaches(plant(manifests, change)), JSON.stringify(change)).not.toEqual([]);
    }
  });
});
