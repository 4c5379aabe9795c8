import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '@kryton/engine/config/load-config.ts';
import { type Role, VARIABLES } from '@kryton/engine/config/variables.ts';
import { parseMigrateCommand } from '@kryton/engine/database/migrate-command.ts';
import { nodeDeadlines } from '@kryton/server/node-service.ts';
import { WORKER_DEADLINES } from '@kryton/worker/deadlines.ts';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IContainer } from 'kubernetes-models/v1/Container';
import { idOf, type Manifest, ofKind, type Workload, workloadsOf } from './manifests.ts';
import { nodeMetricNames } from './node-metric-names.ts';
import { K8S } from './overlays.ts';

const REPOSITORY = join(K8S, '..');
/** The rooms of the repository that are in the image. */
const IN_THE_IMAGE = /^apps\/(engine|launcher|server|worker)\/src\//;
/** What our code reads, and what Node itself does. */
const VARIABLE_NAMES: readonly string[] = [
  ...Object.values(VARIABLES).map(({ name }) => name),
  'NODE_EXTRA_CA_CERTS',
];

/** What stands in for the Secret: values that the server takes. */
const SECRETS: Readonly<Record<string, string>> = {
  BETTER_AUTH_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789',
  REDIS_URL: 'redis://:abc@kryton-redis:6379',
  DATABASE_URL: 'postgresql://kryton:abc@kryton-postgres:5432/kryton',
};

const MIGRATE = 'apps/engine/src/database/migrate-main.ts';
const ROLES: Readonly<Record<string, Role>> = { node: 'node', worker: 'worker', migrate: 'migrate' };

/** Where the manifests and the product do not agree. */
export function productProblems(manifests: readonly Manifest[]): string[] {
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const own = workloadsOf(manifests).flatMap((workload) =>
    [...(workload.pod.initContainers ?? []), ...workload.pod.containers]
      .filter(({ image }) => /(^|\/)kryton-cluster:/.test(image ?? ''))
      .map((container) => ({ workload, container })),
  );
  return [
    ...own.flatMap(({ workload, container }) => {
      const say = (problem: string) => `${workload.id} (${container.name}) ${problem}`;
      const found = [
        ...commandProblems(container),
        ...variableProblems(manifests, container),
        ...configProblems(manifests, workload, container),
      ];
      if (!container.image?.endsWith(`:${version}`)) found.push(`runs ${container.image}, not ${version}`);
      return found.map(say);
    }),
    ...workloadsOf(manifests).flatMap(schemaStepProblems),
    ...metricProblems(manifests),
  ];
}

/** The schema is changed by the Job alone; nodes and workers wait for it. */
function schemaStepProblems({ id, kind, pod }: Workload): string[] {
  const asked = (containers: readonly IContainer[]) =>
    containers
      .map(({ command = [] }) => command)
      .filter((command) => command.includes(MIGRATE))
      .map((command) => parseMigrateCommand(command.slice(command.indexOf(MIGRATE) + 1)).kind);
  const before = asked(pod.initContainers ?? []);
  const all = [...before, ...asked(pod.containers)];
  if (kind === 'Job') return all.includes('migrate') ? [] : [`${id} migrates nothing`];
  const needsSchema = pod.containers.some(({ name }) => name === 'node' || name === 'worker');
  return [
    ...(all.includes('migrate') ? [`${id} migrates once per replica`] : []),
    ...(needsSchema && !before.includes('wait') ? [`${id} does not wait for the schema`] : []),
  ];
}

function commandProblems({ command = [] }: IContainer): string[] {
  const [program] = command;
  const file = command.find((word) => word.endsWith('.ts')) ?? '';
  if (program !== 'node') return [`starts ${program}`];
  return IN_THE_IMAGE.test(file) && existsSync(join(REPOSITORY, file))
    ? []
    : [`starts ${file}, which is not there`];
}

/** The environment of a container as Kubernetes would make it, with {@link SECRETS} for the Secret. */
function environmentOf(manifests: readonly Manifest[], container: IContainer): Record<string, string> {
  const maps = ofKind<IConfigMap>(manifests, 'ConfigMap');
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = maps.find(({ metadata }) => metadata.name === configMapRef?.name);
    Object.assign(environment, map?.data ?? { [`${configMapRef?.name} is not there`]: '' });
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const secret = SECRETS[valueFrom?.secretKeyRef?.key ?? ''];
    if (valueFrom?.fieldRef?.fieldPath === 'metadata.name')
      environment[name] = 'kryton-node-7d4b9c6f5d-x2x8z';
    else if (value !== undefined) environment[name] = value;
    else if (secret !== undefined) environment[name] = secret;
  }
  return environment;
}

function variableProblems(manifests: readonly Manifest[], container: IContainer): string[] {
  const names = [
    ...(container.env ?? []).map(({ name }) => name),
    ...Object.keys(environmentOf(manifests, container)),
  ];
  return names
    .filter((name) => !VARIABLE_NAMES.includes(name))
    .map((name) => `sets ${name}, which nobody reads`);
}

/** The product reads its own configuration: it must accept it, listen on the ports, and leave in the time it has. */
function configProblems(manifests: readonly Manifest[], { pod }: Workload, container: IContainer): string[] {
  const role = container.name === 'wait-for-schema' ? 'migrate' : ROLES[container.name];
  if (role === undefined) return [];
  try {
    const config = loadConfig(environmentOf(manifests, container), { role, hostname: 'pod' });
    const { http, metrics } = Object.fromEntries(
      (container.ports ?? []).map(({ name, containerPort }) => [name, containerPort]),
    );
    const problems: string[] = [];
    if (role === 'node' && http !== config.port) problems.push(`has http on ${http}, not ${config.port}`);
    if (role !== 'migrate' && metrics !== config.metricsPort) {
      problems.push(`has metrics on ${metrics}, not ${config.metricsPort}`);
    }
    if (role !== 'migrate') {
      const { drainMs, stopMs } = role === 'node' ? nodeDeadlines(config) : WORKER_DEADLINES;
      const sleepSeconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
      const seconds = sleepSeconds + (drainMs + stopMs) / 1000;
      if (role === 'node' && sleepSeconds < 5) problems.push('tells nobody before it refuses newcomers');
      if ((pod.terminationGracePeriodSeconds ?? 30) <= seconds) {
        problems.push(`needs more than ${seconds} s to leave, and gets ${pod.terminationGracePeriodSeconds}`);
      }
    }
    return problems;
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
}

function metricProblems(manifests: readonly Manifest[]): string[] {
  return ofKind<IHorizontalPodAutoscaler>(manifests, 'HorizontalPodAutoscaler').flatMap((autoscaler) =>
    (autoscaler.spec?.metrics ?? [])
      .flatMap(({ pods }) => pods?.metric.name ?? [])
      .filter((name) => !nodeMetricNames().includes(name))
      .map((name) => `${idOf(autoscaler)} looks at ${name}, which no node has`),
  );
}
