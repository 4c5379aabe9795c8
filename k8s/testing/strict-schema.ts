import { idOf, type Manifest } from './manifests.ts';
import { testRunProblems } from './test-run-schema.ts';

/** Where the schemas of an API group are, and how its path in there is written. */
const PACKAGES: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api/gateway.networking.k8s.io',
  'gateway.envoyproxy.io': '@kubernetes-models/envoy-gateway/gateway.envoyproxy.io',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/monitoring.coreos.com',
  'traefik.io': '@kubernetes-models/traefik/traefik.io',
};

/** No package has that one's schema. */
const TEST_RUN = 'k6.io/v1alpha1';

/**
 * What is wrong with an object by the schema of its kind, in words, nothing when all is right: a kind or version that does
 * not exist, a value of the wrong type, a required field that is missing, and a field that the schema does not have.
 *
 * Rules in CEL, which the API server checks beyond the schema of some kinds, are not looked at.
 */
export async function schemaProblems(manifest: Manifest): Promise<string[]> {
  if (manifest.apiVersion === TEST_RUN && manifest.kind === 'TestRun') {
    return testRunProblems(manifest).map((problem) => `${idOf(manifest)}: ${problem}`);
  }
  const validate = await validatorOf(manifest);
  if (validate === null) return [`${idOf(manifest)}: ${manifest.apiVersion} has no ${manifest.kind}`];
  const unread = new UnreadFields();
  const problems: string[] = [];
  try {
    validate.call(unread.watch(manifest, ''));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  problems.push(...unread.paths().map((path) => `there is no field ${path}`));
  return problems.map((problem) => `${idOf(manifest)}: ${problem}`);
}

type Validate = (this: object) => void;

async function validatorOf({ apiVersion, kind }: Manifest): Promise<Validate | null> {
  if (!/^[a-z0-9./]+$/.test(apiVersion) || !/^[A-Z][A-Za-z]+$/.test(kind)) return null;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : [undefined, apiVersion];
  const room = group === undefined ? 'kubernetes-models' : (PACKAGES[group] ?? `kubernetes-models/${group}`);
  const found: unknown = await import(`${room}/${version}/${kind}`).catch(() => null);
  const model = isRecord(found) ? found[kind] : undefined;
  if (typeof model !== 'function' || !('apiVersion' in model) || model.apiVersion !== apiVersion) return null;
  const { validate }: { validate?: unknown } = model.prototype;
  return typeof validate === 'function' ? (validate as Validate) : null;
}

/**
 * The generated validators read exactly the fields that their schema has and ignore the others, where the API server
 * refuses them (`kubectl apply` validates strictly). So the fields that nobody read are those that do not exist.
 */
class UnreadFields {
  readonly #unread = new Set<string>();

  /** The value behind a proxy that notes what is read of it. */
  watch<Value extends object>(value: Value, path: string): Value {
    const children = new Map<string, unknown>();
    for (const [key, child] of Object.entries(value)) {
      const at = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      if (!Array.isArray(value)) this.#unread.add(at);
      children.set(key, isRecord(child) ? this.watch(child, at) : child);
    }
    return new Proxy(value, {
      get: (target, key, receiver) => {
        if (typeof key === 'string' && children.has(key)) {
          this.#unread.delete(path === '' ? key : `${path}.${key}`);
          return children.get(key);
        }
        return Reflect.get(target, key, receiver);
      },
    });
  }

  /** The outermost of the fields that nobody read. */
  paths(): string[] {
    return [...this.#unread].filter((path) => ![...this.#unread].some((other) => isWithin(path, other)));
  }
}

function isWithin(path: string, other: string): boolean {
  return path !== other && (path.startsWith(`${other}.`) || path.startsWith(`${other}[`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
