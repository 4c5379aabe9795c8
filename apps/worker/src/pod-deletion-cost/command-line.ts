import { parseArgs } from 'node:util';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';

export type CostCommand = {
  /** The labels of the nodes: `a=b,c=d`. */
  readonly selector: string;
  /** The Kubernetes API. */
  readonly api: string;
  /** The directory with `token` and `namespace`. */
  readonly account: string;
  readonly metricsPort: number;
  readonly healthPort: number;
};

/** Where Kubernetes puts what a pod needs to ask its API. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

const OPTIONS = {
  selector: { type: 'string' },
  api: { type: 'string' },
  account: { type: 'string', default: ACCOUNT },
  'metrics-port': { type: 'string', default: '9464' },
  'health-port': { type: 'string', default: '8080' },
} as const;

/** Throws a {@link StartupError} that names what is missing or wrong. */
export function parseCostCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CostCommand {
  const { selector, api, account, ...ports } = valuesOf(args);
  if (!selector) throw new StartupError('--selector is missing: set it to the labels of the nodes, a=b,c=d');
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const inCluster = host && port ? `https://${host.includes(':') ? `[${host}]` : host}:${port}` : undefined;
  const url = api ?? inCluster;
  if (url === undefined || !URL.canParse(url)) {
    throw new StartupError(
      'this is no pod on Kubernetes: KUBERNETES_SERVICE_HOST is not set; use --api=https://…',
    );
  }
  const number = (name: keyof typeof ports) => {
    const value = Number(ports[name]);
    if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
    throw new StartupError(`--${name}=${ports[name]} is no port`);
  };
  return {
    selector,
    api: url,
    account,
    metricsPort: number('metrics-port'),
    healthPort: number('health-port'),
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
