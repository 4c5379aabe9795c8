import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IContainer } from 'kubernetes-models/v1/Container';
import { containersOf, idOf, ofKind, type Workload, workloadsOf } from '../manifests.ts';
import { type Selector, selects } from '../selectors.ts';
import type { Policy } from './policy.ts';

const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
const SLOW_SECONDS = 600;

function each(name: string, breaches: (workload: Workload, container: IContainer) => string[]): Policy {
  return {
    name,
    breaches: (manifests) =>
      workloadsOf(manifests).flatMap((workload) =>
        containersOf(workload.pod).flatMap((container) =>
          breaches(workload, container).map((breach) => `${workload.id} (${container.name}) ${breach}`),
        ),
      ),
  };
}

/** That a rollout, a drain of a machine and a growing crowd go by unnoticed. */
export const RUNNING_POLICIES: readonly Policy[] = [
  each('every image is one release, never the latest', (_workload, { image = '' }) => {
    const tag = /:([^:/@]+)(?:@sha256:[0-9a-f]{64})?$/.exec(image)?.[1];
    return tag === undefined || tag === 'latest' ? [`runs ${image || 'nothing'}`] : [];
  }),
  each('every container that stays has three probes with a deadline', ({ kind, pod }, container) => {
    if (kind === 'Job' || !pod.containers.includes(container)) return [];
    return PROBES.flatMap((probe) => {
      const found = container[probe];
      if (!found) return [`has no ${probe}`];
      return found.timeoutSeconds ? [] : [`says no timeout for its ${probe}`];
    });
  }),
  each('liveness is asked of the process alone', (_workload, { livenessProbe }) =>
    livenessProbe?.httpGet && livenessProbe.httpGet.path !== '/livez' ? ['asks for more'] : [],
  ),
  each('every container says what it needs and the most it may take', (_workload, { resources }) => [
    ...(resources?.requests?.['cpu'] && resources.requests['memory'] ? [] : ['says no need']),
    ...(resources?.limits?.['memory'] ? [] : ['has no limit of memory']),
  ]),
  {
    name: 'no replica is taken away before another one is ready',
    breaches: (manifests) =>
      ofKind<IDeployment>(manifests, 'Deployment')
        .filter(({ spec }) => spec?.strategy?.type !== 'Recreate' || spec.replicas !== 1)
        .filter(({ spec }) => {
          const { maxUnavailable, maxSurge } = spec?.strategy?.rollingUpdate ?? {};
          return maxUnavailable !== 0 || !maxSurge || maxSurge === '0%';
        })
        .map((deployment) => `${idOf(deployment)} may be`),
  },
  {
    name: 'every Deployment of several replicas is spread and has a budget of disruptions that lets one go',
    breaches: (manifests) =>
      workloadsOf(manifests)
        .filter(({ manifest }) => replicasOf(manifest) !== 1)
        .flatMap(({ id, labels, pod, kind }) => {
          if (kind !== 'Deployment') return [];
          const budgets = ofKind<IPodDisruptionBudget>(manifests, 'PodDisruptionBudget').filter(({ spec }) =>
            selects(spec?.selector, labels),
          );
          return [
            ...(budgets.length === 1 ? [] : [`${id} has ${budgets.length} budgets`]),
            ...(budgets.every(({ spec }) => spec?.maxUnavailable === 1) ? [] : [`${id} cannot leave`]),
            ...(pod.topologySpreadConstraints?.length ? [] : [`${id} is not spread`]),
          ];
        }),
  },
  {
    name: 'every controller selects its own pods alone',
    breaches: (manifests) =>
      workloadsOf(manifests).flatMap(({ id, kind, labels, manifest }) => {
        if (kind === 'Job') return [];
        const selector = selectorOf(manifest);
        const others = workloadsOf(manifests).filter((other) => other.id !== id);
        return [
          ...(selects(selector, labels) ? [] : [`${id} does not select its own`]),
          ...others
            .filter((other) => selects(selector, other.labels))
            .map((other) => `${id} selects those of ${other.id}`),
        ];
      }),
  },
  {
    name: 'the autoscaler is alone in setting replicas, grows at once and shrinks slowly',
    breaches: (manifests) =>
      ofKind<IHorizontalPodAutoscaler>(manifests, 'HorizontalPodAutoscaler').flatMap((autoscaler) => {
        const { scaleTargetRef: target, behavior, minReplicas = 1 } = autoscaler.spec ?? {};
        const found = manifests.find(
          ({ kind, metadata }) => kind === target?.kind && metadata.name === target?.name,
        );
        const id = idOf(autoscaler);
        const { scaleDown, scaleUp } = behavior ?? {};
        const isSlow =
          (scaleDown?.stabilizationWindowSeconds ?? 0) >= SLOW_SECONDS &&
          scaleDown?.policies?.every(({ type, value }) => type === 'Pods' && value === 1) === true;
        return [
          ...(found ? [] : [`${id} scales nothing`]),
          ...(found && replicasOf(found) !== undefined ? [`${idOf(found)} sets replicas too`] : []),
          ...(isSlow ? [] : [`${id} shrinks too fast`]),
          ...((scaleUp?.stabilizationWindowSeconds ?? 0) <= 60 ? [] : [`${id} grows too slowly`]),
          ...(minReplicas !== null && minReplicas >= 2 ? [] : [`${id} may leave one alone`]),
        ];
      }),
  },
];

function replicasOf(manifest: object): unknown {
  const { spec }: { spec?: { replicas?: unknown } } = manifest;
  return spec?.replicas;
}

function selectorOf(manifest: object): Selector | undefined {
  const { spec }: { spec?: { selector?: Selector } } = manifest;
  return spec?.selector;
}
