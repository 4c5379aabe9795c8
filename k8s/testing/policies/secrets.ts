import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { containersOf, idOf, ofKind, workloadsOf } from '../manifests.ts';
import type { Policy } from './policy.ts';

/** Names of variables that hold a secret, or a URL with a password. */
const SECRET = /SECRET|PASSWORD|TOKEN|AUTH$|_URL$/;
const NO_SECRET = ['APP_URL', 'BETTER_AUTH_URL'];
/** All that anything here may ask of the Kubernetes API. */
const RIGHTS = ['pods: list', 'pods: patch'];

/** That secrets stay outside of the manifests, and rights few. */
export const SECRET_POLICIES: readonly Policy[] = [
  {
    name: 'no secret is part of an installation',
    breaches: (manifests) =>
      manifests.filter(({ kind }) => kind === 'Secret').map((each) => `${idOf(each)} is`),
  },
  {
    name: 'what is secret comes from the Secret',
    breaches: (manifests) =>
      workloadsOf(manifests).flatMap(({ id, pod }) =>
        containersOf(pod).flatMap(({ name: container, env = [] }) =>
          env
            .filter(({ name }) => SECRET.test(name) && !NO_SECRET.includes(name))
            .filter(({ valueFrom }) => valueFrom?.secretKeyRef?.name !== 'kryton-secrets')
            .map(({ name }) => `${id} (${container}) has ${name} from elsewhere`),
        ),
      ),
  },
  {
    name: 'no ConfigMap holds a secret',
    breaches: (manifests) =>
      ofKind<{ kind: 'ConfigMap'; apiVersion: 'v1'; data?: Record<string, string> }>(
        manifests,
        'ConfigMap',
      ).flatMap((map) =>
        Object.keys(map.data ?? {})
          .filter((key) => SECRET.test(key) && !NO_SECRET.includes(key))
          .map((key) => `${idOf(map)} has ${key}`),
      ),
  },
  {
    name: 'nobody gets rights beyond listing and patching pods',
    breaches: (manifests) => [
      ...manifests
        .filter(({ kind }) => kind.startsWith('ClusterRole'))
        .map((each) => `${idOf(each)} is for the whole cluster`),
      ...ofKind<IRole>(manifests, 'Role').flatMap((role) =>
        (role.rules ?? [])
          .flatMap(({ resources = [], verbs }) =>
            resources.flatMap((resource) => verbs.map((verb) => `${resource}: ${verb}`)),
          )
          .filter((right) => !RIGHTS.includes(right))
          .map((right) => `${idOf(role)} gives ${right}`),
      ),
    ],
  },
];
