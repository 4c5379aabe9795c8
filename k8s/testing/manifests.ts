import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { parseAllDocuments } from 'yaml';

/** One object as it would be sent to the API server; only what every kind has is known of it. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

export type Labels = Readonly<Record<string, string>>;

/** A controller of pods. */
export type Workload = {
  readonly id: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job';
  readonly manifest: Manifest;
  readonly labels: Labels;
  readonly pod: IPodSpec;
};

/** The objects of a YAML stream. Throws an Error for what is no YAML (a key given twice, for example) or no object. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' }).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    const value: unknown = document.toJS();
    if (isManifest(value)) return value;
    throw new Error(`not an object of Kubernetes: ${JSON.stringify(value)?.slice(0, 200)}`);
  });
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { apiVersion, kind, metadata } = value as Partial<Manifest>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string';
}

/** `Deployment kryton-node`, for messages. */
export function idOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/**
 * The objects of one kind. `Kind` is the interface of that kind: the schema test is what makes sure that the objects
 * fit it.
 */
export function ofKind<Kind extends { kind: string; apiVersion: string }>(
  manifests: readonly Manifest[],
  kind: Kind['kind'],
): (Manifest & Kind)[] {
  return manifests.filter((manifest): manifest is Manifest & Kind => manifest.kind === kind);
}

/** Everything that starts pods. */
export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return [
    ...ofKind<IDeployment>(manifests, 'Deployment').map((each) => workload('Deployment', each)),
    ...ofKind<IStatefulSet>(manifests, 'StatefulSet').map((each) => workload('StatefulSet', each)),
    ...ofKind<IJob>(manifests, 'Job').map((each) => workload('Job', each)),
  ];
}

function workload(
  kind: Workload['kind'],
  manifest: Manifest & (IDeployment | IStatefulSet | IJob),
): Workload {
  const template = manifest.spec?.template;
  return {
    id: idOf(manifest),
    kind,
    manifest,
    labels: template?.metadata?.labels ?? {},
    pod: template?.spec ?? { containers: [] },
  };
}

/** All containers of a pod, those that run before it too. */
export function containersOf({ containers, initContainers = [] }: IPodSpec): IContainer[] {
  return [...initContainers, ...containers];
}
