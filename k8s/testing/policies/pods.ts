import type { IContainer } from 'kubernetes-models/v1/Container';
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { containersOf, idOf, ofKind, type Workload, workloadsOf } from '../manifests.ts';
import type { Policy } from './policy.ts';

/** Volumes that the profile `restricted` allows and that are used here. */
const VOLUMES = ['configMap', 'emptyDir', 'persistentVolumeClaim', 'projected', 'secret'];
/** Asks the Kubernetes API: that is what it is for. */
const MAY_HAVE_A_TOKEN = ['Deployment kryton-pod-deletion-cost'];

function everyPod(name: string, breaches: (workload: Workload) => (string | false)[]): Policy {
  return {
    name,
    breaches: (manifests) =>
      workloadsOf(manifests).flatMap((workload) =>
        breaches(workload)
          .filter((breach) => breach !== false)
          .map((breach) => `${workload.id} ${breach}`),
      ),
  };
}

function everyContainer(name: string, breaches: (container: IContainer) => (string | false)[]): Policy {
  return everyPod(name, ({ pod }) =>
    containersOf(pod).flatMap((container) =>
      breaches(container).map((breach) => breach && `(${container.name}) ${breach}`),
    ),
  );
}

/** The profile `restricted` of https://kubernetes.io/docs/concepts/security/pod-security-standards/, and a little more. */
export const POD_POLICIES: readonly Policy[] = [
  {
    name: 'the namespace enforces the profile restricted',
    breaches(manifests) {
      const spaces = ofKind<INamespace>(manifests, 'Namespace');
      const lax = spaces.filter(
        ({ metadata }) => metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted',
      );
      return spaces.length === 1
        ? lax.map((each) => `${idOf(each)} does not`)
        : ['there is not one Namespace'];
    },
  },
  everyPod('no pod runs as root', ({ pod: { securityContext } }) => [
    securityContext?.runAsNonRoot !== true && 'may run as root',
    // By number, because Kubernetes cannot tell from a name.
    !securityContext?.runAsUser && 'says no user',
    !securityContext?.runAsGroup && 'says no group',
  ]),
  everyPod('every pod has the seccomp profile of the runtime', ({ pod }) => [
    pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault' && 'has not',
  ]),
  everyPod('no pod shares namespaces or paths of its machine', ({ pod }) => [
    (pod.hostNetwork || pod.hostPID || pod.hostIPC) === true && 'shares a namespace',
    ...(pod.volumes ?? []).map((volume) => {
      const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'nothing';
      return !VOLUMES.includes(kind) && `has a volume of kind ${kind}`;
    }),
  ]),
  everyContainer('no container gains privileges', ({ securityContext: context }) => [
    context?.allowPrivilegeEscalation !== false && 'may gain some',
    context?.privileged === true && 'is privileged',
    context?.capabilities?.drop?.includes('ALL') !== true && 'keeps capabilities',
    (context?.capabilities?.add ?? []).length > 0 && 'adds capabilities',
    (context?.runAsUser === 0 || context?.runAsNonRoot === false) && 'may run as root',
    context?.seccompProfile !== undefined && 'has a seccomp profile of its own',
  ]),
  everyContainer('every root file system is read-only', ({ securityContext }) => [
    securityContext?.readOnlyRootFilesystem !== true && 'has one that is not',
  ]),
  everyPod('what is written to in memory or on the node is bounded', ({ pod }) =>
    (pod.volumes ?? []).map(
      ({ name, emptyDir }) => emptyDir !== undefined && !emptyDir?.sizeLimit && `has no limit on ${name}`,
    ),
  ),
  everyPod('every pod can write to /tmp', ({ pod }) =>
    containersOf(pod)
      .filter(({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => /^\/(tmp|data)$/.test(mountPath)))
      .map(({ name }) => `(${name}) cannot`),
  ),
  everyContainer('no container takes a port of its machine', ({ ports }) => [
    ports?.some(({ hostPort }) => hostPort !== undefined) === true && 'does',
  ]),
  everyPod('no pod has a token of the Kubernetes API', ({ id, pod }) => [
    pod.automountServiceAccountToken !== MAY_HAVE_A_TOKEN.includes(id) && 'has one, or does not say',
  ]),
  {
    name: 'every pod has an account of its own that mounts no token by itself',
    breaches(manifests) {
      const accounts = ofKind<IServiceAccount>(manifests, 'ServiceAccount');
      const quiet = accounts.filter((account) => account.automountServiceAccountToken === false);
      const names = quiet.map(({ metadata }) => metadata.name);
      return workloadsOf(manifests)
        .filter(({ pod }) => !names.includes(pod.serviceAccountName ?? 'default'))
        .map(({ id }) => `${id} has not`);
    },
  },
  everyPod('no pod gets variables of Services', ({ pod }) => [pod.enableServiceLinks !== false && 'does']),
];
