import type { Manifest } from './manifests.ts';

type Type = 'object' | 'array' | 'string' | 'boolean' | 'integer';
type Fields = Readonly<Record<string, Type>>;

/**
 * The fields of the custom resource, from `api/v1alpha1/testrun_types.go` of the k6 operator: no package has its schema.
 * What its pods share with all pods is checked where it lands: in the Jobs that the operator makes of it.
 */
const SPEC: Fields = {
  arguments: 'string',
  cleanup: 'string',
  cloud: 'object',
  initializer: 'object',
  parallelism: 'integer',
  paused: 'string',
  ports: 'array',
  quiet: 'string',
  runner: 'object',
  script: 'object',
  scuttle: 'object',
  separate: 'boolean',
  starter: 'object',
  testRunId: 'string',
  token: 'string',
};
const POD: Fields = {
  affinity: 'object',
  automountServiceAccountToken: 'string',
  containerSecurityContext: 'object',
  disabled: 'boolean',
  env: 'array',
  envFrom: 'array',
  image: 'string',
  imagePullPolicy: 'string',
  imagePullSecrets: 'array',
  initContainers: 'array',
  livenessProbe: 'object',
  metadata: 'object',
  nodeSelector: 'object',
  priorityClassName: 'string',
  readinessProbe: 'object',
  resources: 'object',
  schedulerName: 'string',
  securityContext: 'object',
  serviceAccountName: 'string',
  tolerations: 'array',
  topologySpreadConstraints: 'array',
  volumeMounts: 'array',
  volumes: 'array',
};
const SCRIPT: Fields = { configMap: 'object', localFile: 'string', volumeClaim: 'object' };
const CONFIG_MAP: Fields = { name: 'string', file: 'string' };
const REQUIRED = ['script', 'parallelism'];

/** What is wrong with a TestRun, in words. */
export function testRunProblems(manifest: Manifest): string[] {
  const spec = 'spec' in manifest ? manifest.spec : undefined;
  const { script, runner, starter, initializer } = record(spec);
  const configMap = record(script)['configMap'];
  return [
    ...problems(spec, 'spec', SPEC),
    ...REQUIRED.filter((field) => !(field in record(spec))).map((field) => `spec must have ${field}`),
    ...problems(script, 'spec.script', SCRIPT),
    ...problems(configMap, 'spec.script.configMap', CONFIG_MAP),
    ...problems(runner, 'spec.runner', POD),
    ...problems(starter, 'spec.starter', POD),
    ...problems(initializer, 'spec.initializer', POD),
  ];
}

function problems(value: unknown, path: string, fields: Fields): string[] {
  return Object.entries(record(value)).flatMap(([field, child]) => {
    const type = fields[field];
    if (type === undefined) return [`there is no field ${path}.${field}`];
    return isOfType(child, type) ? [] : [`${path}.${field} must be ${type}`];
  });
}

function isOfType(value: unknown, type: Type): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
