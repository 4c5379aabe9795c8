import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IContainerPort } from 'kubernetes-models/v1/ContainerPort';
import type { IService } from 'kubernetes-models/v1/Service';
import { containersOf, idOf, type Manifest, ofKind, type Workload, workloadsOf } from '../manifests.ts';
import { selects } from '../selectors.ts';
import type { Policy } from './policy.ts';

type PortRule = { readonly port?: string | number; readonly protocol?: string };

/** What a variable makes a container connect to. */
const DESTINATIONS: Readonly<Record<string, number>> = { DATABASE_URL: 5432, REDIS_URL: 6379 };
const DNS: readonly PortRule[] = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

/** Default deny, and then exactly the ports that are used. */
export const NETWORK_POLICIES: readonly Policy[] = [
  {
    name: 'nothing comes in or goes out unless it is allowed',
    breaches(manifests) {
      const denies = policiesOf(manifests).some(({ spec }) => {
        const { podSelector, policyTypes, ingress, egress } = spec ?? {};
        const selectsAll = podSelector !== undefined && Object.keys(podSelector).length === 0;
        return selectsAll && policyTypes?.length === 2 && !ingress && !egress;
      });
      return denies ? [] : ['there is no policy that denies everything'];
    },
  },
  {
    name: 'every port that a container listens on may be reached',
    breaches: (manifests) =>
      workloadsOf(manifests).flatMap((workload) =>
        portsOf(workload)
          // Only the kubelet asks there, and it needs no rule.
          .filter(({ name }) => name !== 'health')
          .filter((port) => !waysIn(manifests, workload).some((rule) => isFor(rule, port)))
          .map(({ name, containerPort }) => `${workload.id} cannot be reached on ${name} (${containerPort})`),
      ),
  },
  {
    name: 'no way in leads to a port that nobody listens on, or to all ports',
    breaches: (manifests) =>
      policiesOf(manifests).flatMap((policy) =>
        (policy.spec?.ingress ?? []).flatMap(({ ports }) => {
          if (!ports?.length) return [`${idOf(policy)} lets in on every port`];
          const selected = workloadsOf(manifests).filter(({ labels }) =>
            selects(policy.spec?.podSelector, labels),
          );
          const open = selected.flatMap(portsOf);
          return ports
            .filter((rule) => !open.some((port) => isFor(rule, port)))
            .map(({ port }) => `${idOf(policy)} lets in on ${port}, where nobody listens`);
        }),
      ),
  },
  {
    name: 'the figures are not for everybody',
    breaches: (manifests) =>
      policiesOf(manifests).flatMap((policy) =>
        (policy.spec?.ingress ?? [])
          .filter(({ from, ports }) => !from?.length && ports?.some(({ port }) => port !== 'http'))
          .map(() => `${idOf(policy)} lets anybody in`),
      ),
  },
  {
    name: 'everybody reaches what its variables name, and the names',
    breaches: (manifests) =>
      workloadsOf(manifests).flatMap((workload) => {
        const variables = containersOf(workload.pod).flatMap(({ env = [] }) => env.map(({ name }) => name));
        const ports = variables.flatMap((name) => DESTINATIONS[name] ?? []);
        const needed = ports.map((port): PortRule => ({ protocol: 'TCP', port }));
        if (needed.length > 0) needed.push(...DNS);
        const allowed = waysOut(manifests, workload);
        return needed
          .filter((need) => !allowed.some((rule) => isSame(rule, need)))
          .map(({ port, protocol }) => `${workload.id} does not get out to ${port} (${protocol})`);
      }),
  },
  {
    name: 'no way out is open for every port, or for what nobody uses',
    breaches: (manifests) =>
      policiesOf(manifests).flatMap((policy) =>
        (policy.spec?.egress ?? []).flatMap(({ ports, to }) => {
          if (!ports?.length) return [`${idOf(policy)} lets out on every port`];
          const known = [...Object.values(DESTINATIONS), 53, 443, 6443, 'metrics'];
          return ports
            .filter(({ port }) => !known.includes(port ?? '') || (port === 53 && !to?.length))
            .map(({ port }) => `${idOf(policy)} lets out to ${port}`);
        }),
      ),
  },
  {
    name: 'every Service leads to a port that its pods have',
    breaches: (manifests) =>
      ofKind<IService>(manifests, 'Service').flatMap((service) => {
        const selector = { matchLabels: service.spec?.selector ?? null };
        const ports = workloadsOf(manifests)
          .filter(({ labels }) => service.spec?.selector && selects(selector, labels))
          .flatMap(portsOf);
        return (service.spec?.ports ?? [])
          .filter(({ targetPort }) => !ports.some(({ name }) => name === targetPort))
          .map(({ targetPort }) => `${idOf(service)} leads to ${targetPort}, which no pod has`);
      }),
  },
];

function policiesOf(manifests: readonly Manifest[]): (Manifest & INetworkPolicy)[] {
  return ofKind<INetworkPolicy>(manifests, 'NetworkPolicy');
}

function portsOf({ pod }: Workload): IContainerPort[] {
  return containersOf(pod).flatMap(({ ports }) => ports ?? []);
}

function waysIn(manifests: readonly Manifest[], { labels }: Workload): PortRule[] {
  const found = policiesOf(manifests).filter(({ spec }) => selects(spec?.podSelector, labels));
  return found.flatMap(({ spec }) => spec?.ingress ?? []).flatMap(({ ports }) => ports ?? []);
}

function waysOut(manifests: readonly Manifest[], { labels }: Workload): PortRule[] {
  const found = policiesOf(manifests).filter(({ spec }) => selects(spec?.podSelector, labels));
  return found.flatMap(({ spec }) => spec?.egress ?? []).flatMap(({ ports }) => ports ?? []);
}

function isFor(
  { port, protocol = 'TCP' }: PortRule,
  { name, containerPort, ...of }: IContainerPort,
): boolean {
  return (port === name || port === containerPort) && protocol === (of.protocol ?? 'TCP');
}

function isSame(one: PortRule, other: PortRule): boolean {
  return one.port === other.port && (one.protocol ?? 'TCP') === (other.protocol ?? 'TCP');
}
