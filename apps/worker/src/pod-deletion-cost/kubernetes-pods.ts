/** A pod as its list says: what is needed to ask it and to judge it. */
export type Pod = {
  readonly name: string;
  /** Null until it has one. */
  readonly ip: string | null;
  readonly isRunning: boolean;
  /** It was told to go. */
  readonly isLeaving: boolean;
  /** What its annotation says; null without one. */
  readonly cost: number | null;
};

/** Pods of one namespace. */
export type KubernetesPods = {
  /** Those with these labels (`a=b,c=d`). */
  list(selector: string): Promise<Pod[]>;
  /** Writes the annotation. A pod that is gone by now is no error. */
  setCost(name: string, cost: number): Promise<void>;
};

export type ApiAccess = {
  /** `https://10.96.0.1:443`; its certificate is judged by Node (NODE_EXTRA_CA_CERTS). */
  readonly url: string;
  readonly namespace: string;
  /** Read for every request: Kubernetes renews it within the hour. */
  readonly token: () => Promise<string>;
};

/** https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost */
export const COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const ANSWER_MS = 10_000;

/**
 * Speaks the few calls of the Kubernetes API that are needed: the list of pods and a merge patch of one
 * (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/). Its methods reject with what the API
 * answered, or when it did not within 10 s.
 */
export function kubernetesPods({ url, namespace, token }: ApiAccess): KubernetesPods {
  const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(new URL(path, url), {
      ...init,
      headers: { ...init.headers, accept: 'application/json', authorization: `Bearer ${await token()}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  return {
    async list(selector) {
      const answer = await call(`${pods}?labelSelector=${encodeURIComponent(selector)}`);
      if (!answer.ok) throw await refusal('to list pods', answer);
      return readPods(await answer.json());
    },
    async setCost(name, cost) {
      const answer = await call(`${pods}/${encodeURIComponent(name)}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify({ metadata: { annotations: { [COST_ANNOTATION]: String(cost) } } }),
      });
      if (!answer.ok && answer.status !== 404) throw await refusal(`to annotate ${name}`, answer);
      await answer.body?.cancel();
    },
  };
}

/** The API says in `message` what was wrong: a right that is missing, for example. */
async function refusal(what: string, answer: Response): Promise<Error> {
  const body: unknown = await answer.json().catch(() => null);
  const message = fieldOf(body, 'message');
  return new Error(`Kubernetes refused ${what} (${answer.status}): ${String(message ?? answer.statusText)}`);
}

function readPods(list: unknown): Pod[] {
  const items = fieldOf(list, 'items');
  if (!Array.isArray(items)) throw new Error('Kubernetes answered with something that is no list of pods');
  return items.map((item: unknown): Pod => {
    const metadata = fieldOf(item, 'metadata');
    const status = fieldOf(item, 'status');
    const ip = fieldOf(status, 'podIP');
    const cost = fieldOf(fieldOf(metadata, 'annotations'), COST_ANNOTATION);
    return {
      name: String(fieldOf(metadata, 'name')),
      ip: typeof ip === 'string' && ip !== '' ? ip : null,
      isRunning: fieldOf(status, 'phase') === 'Running',
      isLeaving: fieldOf(metadata, 'deletionTimestamp') !== undefined,
      cost: typeof cost === 'string' && /^-?\d+$/.test(cost) ? Number(cost) : null,
    };
  });
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
