import { cpSync } from 'node:fs';
import { join } from 'node:path';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { kubectl } from './kubectl.ts';
import { type Manifest, parseManifests } from './manifests.ts';
import { K8S } from './overlays.ts';

/** What the k6 operator makes a pod from. */
export type TestRunPod = Pick<IPodSpec, 'serviceAccountName' | 'securityContext' | 'volumes'> &
  Pick<IContainer, 'image' | 'env' | 'resources' | 'volumeMounts'> & {
    readonly automountServiceAccountToken?: string;
    readonly containerSecurityContext?: IContainer['securityContext'];
  };

/** The kind `TestRun` of the k6 operator, as far as it is used here. */
export type TestRun = Manifest & {
  readonly spec: {
    readonly parallelism: number;
    readonly script: { readonly configMap: { readonly name: string; readonly file: string } };
    readonly runner: TestRunPod;
    readonly starter: TestRunPod;
  };
};

/** Builds `k8s/load-test` with what `writeBundle` puts into the directory for it. */
export async function buildLoadTest(writeBundle: (dir: string) => unknown): Promise<Manifest[]> {
  const directory = temporaryDirectory('load-test');
  try {
    const sources = join(K8S, 'load-test');
    cpSync(sources, directory, { recursive: true, filter: (path) => path !== join(sources, 'bundle') });
    await writeBundle(join(directory, 'bundle'));
    return parseManifests(await kubectl('kustomize', directory));
  } finally {
    removeTemporaryDirectory(directory);
  }
}

/** The one TestRun of these; the schema test is what makes sure that it is one. */
export function testRunOf(manifests: readonly Manifest[]): TestRun {
  const found = manifests.find((manifest): manifest is TestRun => manifest.kind === 'TestRun');
  if (!found) throw new Error('there is no TestRun');
  return found;
}

/**
 * The Jobs of the runners, as the operator makes them (`NewRunnerJob` in its `pkg/resources/jobs/runner.go`): the script
 * at /test, its part of the load as an execution segment, and waiting for the word to start.
 */
export function runnerJobs({ metadata, spec }: TestRun): (Manifest & IJob)[] {
  const { parallelism, script, runner } = spec;
  const cuts = Array.from({ length: parallelism + 1 }, (_, cut) => cutAt(cut, parallelism));
  return Array.from({ length: parallelism }, (_, index) => {
    const segment = [
      `--execution-segment=${cuts[index]}:${cuts[index + 1]}`,
      `--execution-segment-sequence=${cuts.join(',')}`,
    ];
    const volume = { name: 'k6-test-volume', configMap: { name: script.configMap.name } };
    return job(`${metadata.name}-${index + 1}`, {
      ...runner,
      volumes: [volume, ...(runner.volumes ?? [])],
      volumeMounts: [{ name: volume.name, mountPath: '/test' }, ...(runner.volumeMounts ?? [])],
      command: [
        ...['k6', 'run', '--quiet', ...(parallelism > 1 ? segment : [])],
        ...[`/test/${script.configMap.file}`, '--address=0.0.0.0:6565', '--paused'],
        ...['--tag', `instance_id=${index + 1}`, '--tag', `testrun_name=${metadata.name}`],
      ],
    });
  });
}

/** The Job that tells all runners to start; what it mounts is left to the operator. */
export function starterJob({ metadata, spec }: TestRun): Manifest & IJob {
  const image = 'ghcr.io/grafana/k6-operator:latest-starter';
  return job(`${metadata.name}-starter`, { image, ...spec.starter, command: ['sh', '-c', 'curl'] });
}

function job(name: string, pod: TestRunPod & Pick<IContainer, 'command'>): Manifest & IJob {
  const { serviceAccountName, securityContext, volumes, automountServiceAccountToken, ...container } = pod;
  const { containerSecurityContext, ...rest } = container;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: { app: 'k6' } },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: automountServiceAccountToken !== 'false',
          serviceAccountName: serviceAccountName ?? 'default',
          securityContext: securityContext ?? {},
          volumes: volumes ?? [],
          containers: [{ name: 'k6', ...rest, securityContext: containerSecurityContext ?? {} }],
        },
      },
    },
  };
}

/** Where a part ends: 0, 1/3, 2/3, 1. */
function cutAt(cut: number, parts: number): string {
  if (cut === 0) return '0';
  return cut === parts ? '1' : `${cut}/${parts}`;
}
