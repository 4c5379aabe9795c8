import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { parseCostCommand } from './command-line.ts';
import { keepCosts, readConnections } from './cost-keeper.ts';
import { COST_ANNOTATION, kubernetesPods } from './kubernetes-pods.ts';

const SELECTOR = 'app.kubernetes.io/name=kryton,app.kubernetes.io/component=node';
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

type Annotations = Record<string, string>;
type ApiPod = {
  metadata: { name: string; annotations?: Annotations; deletionTimestamp?: string };
  status: object;
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Listens on a free port of 127.0.0.1 until the test is over. */
async function listen(server: Server): Promise<number> {
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return port;
}

/** An HTTP server that answers the two documented calls as the Kubernetes API does, and remembers what it was asked. */
async function serveApi(pods: Record<string, ApiPod>, options: { mayList?: boolean } = {}) {
  const asked: { line: string; token: string | undefined; type: string | undefined }[] = [];
  const answerTo = async (request: IncomingMessage): Promise<[number, object]> => {
    const url = new URL(request.url ?? '', 'http://api');
    asked.push({
      line: `${request.method} ${url.pathname}`,
      token: request.headers.authorization,
      type: request.headers['content-type'],
    });
    if (request.method === 'GET' && url.pathname === '/api/v1/namespaces/kryton/pods') {
      if (options.mayList === false) return [403, { kind: 'Status', message: 'pods is forbidden' }];
      expect(url.searchParams.get('labelSelector')).toBe(SELECTOR);
      return [200, { kind: 'PodList', items: Object.values(pods) }];
    }
    const name = /^\/api\/v1\/namespaces\/kryton\/pods\/(.+)$/.exec(url.pathname)?.[1] ?? '';
    const pod = pods[name];
    if (request.method !== 'PATCH' || !pod)
      return [404, { kind: 'Status', message: `pods "${name}" not found` }];
    const patch: { metadata: { annotations: Annotations } } = JSON.parse(await text(request));
    pod.metadata.annotations = { ...pod.metadata.annotations, ...patch.metadata.annotations };
    return [200, pod];
  };
  const server = createServer((request, response) => {
    void answerTo(request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked, pods };
}

function pod(
  name: string,
  ip: string,
  more: { cost?: number; phase?: string; leaves?: boolean } = {},
): ApiPod {
  return {
    metadata: {
      name,
      ...(more.cost === undefined ? {} : { annotations: { [COST_ANNOTATION]: String(more.cost) } }),
      ...(more.leaves ? { deletionTimestamp: '2026-11-26T15:00:00Z' } : {}),
    },
    status: { phase: more.phase ?? 'Running', podIP: ip },
  };
}

async function round(api: Awaited<ReturnType<typeof serveApi>>, connections: Record<string, number | null>) {
  const warnings: string[] = [];
  const outcome = await keepCosts({
    pods: kubernetesPods({ url: api.url, namespace: 'kryton', token: async () => 'a-token' }),
    selector: SELECTOR,
    async connectionsOf(ip) {
      const found = connections[ip];
      if (typeof found === 'number') return found;
      throw new Error(`${ip} does not answer`);
    },
    logger: { info() {}, warn: (fields) => warnings.push(JSON.stringify(fields)) },
  });
  const costs = Object.entries(api.pods).map(([name, { metadata }]) => [
    name,
    metadata.annotations?.[COST_ANNOTATION] ?? 'none',
  ]);
  return { outcome, warnings, costs: Object.fromEntries(costs) };
}

describe('keepCosts', () => {
  it('writes the connections of each node that runs, by a merge patch with its token', async () => {
    const api = await serveApi({
      a: pod('a', '10.0.0.1'),
      b: pod('b', '10.0.0.2', { cost: 500 }),
      leaving: pod('leaving', '10.0.0.3', { leaves: true }),
      pending: pod('pending', '', { phase: 'Pending' }),
    });
    const { outcome, costs } = await round(api, { '10.0.0.1': 12, '10.0.0.2': 900, '10.0.0.3': 5 });
    expect(costs).toEqual({ a: '12', b: '900', leaving: 'none', pending: 'none' });
    expect(outcome).toEqual({ nodes: 2, written: 2, failed: 0 });
    const patch = api.asked.find(({ line }) => line.startsWith('PATCH'));
    expect(patch).toMatchObject({ token: 'Bearer a-token', type: 'application/merge-patch+json' });
  });

  it('writes nothing for a change that decides nothing', async () => {
    const api = await serveApi({
      a: pod('a', '10.0.0.1', { cost: 1_000 }),
      b: pod('b', '10.0.0.2', { cost: 30 }),
      emptied: pod('emptied', '10.0.0.3', { cost: 7 }),
    });
    const { costs, outcome } = await round(api, { '10.0.0.1': 1_090, '10.0.0.2': 12, '10.0.0.3': 0 });
    expect(costs).toEqual({ a: '1000', b: '30', emptied: '0' });
    expect(outcome.written).toBe(1);
  });

  it('leaves the cost of a node that does not answer, and goes on with the others', async () => {
    const api = await serveApi({ a: pod('a', '10.0.0.1', { cost: 70 }), b: pod('b', '10.0.0.2') });
    const { costs, outcome, warnings } = await round(api, { '10.0.0.1': null, '10.0.0.2': 3 });
    expect(costs).toEqual({ a: '70', b: '3' });
    expect(outcome).toEqual({ nodes: 2, written: 1, failed: 1 });
    expect(warnings).toHaveLength(1);
  });

  it('takes a node that is gone by now for no error', async () => {
    const api = await serveApi({ gone: pod('another', '10.0.0.1') });
    expect((await round(api, { '10.0.0.1': 3 })).outcome).toEqual({ nodes: 1, written: 1, failed: 0 });
  });

  it('says what Kubernetes refused', async () => {
    const api = await serveApi({}, { mayList: false });
    await expect(round(api, {})).rejects.toThrow('Kubernetes refused to list pods (403): pods is forbidden');
  });
});

describe('readConnections', () => {
  it('reads the gauge among others that begin like it', () => {
    const figures = [
      '# TYPE kryton_connections gauge',
      'kryton_connections_limit{node="a"} 20000',
      'kryton_connections{node="a"} 421',
    ];
    expect(readConnections(figures.join('\n'))).toBe(421);
    expect(() => readConnections('kryton_documents 4')).toThrow('no kryton_connections');
  });
});

describe('parseCostCommand', () => {
  it('finds the API where Kubernetes says it is', () => {
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect(parseCostCommand(['--selector=a=b'], env)).toMatchObject({
      api: 'https://[fd00::1]:443',
      selector: 'a=b',
    });
  });

  it.each([
    [[], 'the labels of the nodes'],
    [['--selector=a=b'], 'this is no pod on Kubernetes'],
    [['--selector=a=b', '--api=http://a', '--metrics-port=none'], '--metrics-port=none is no port'],
    [['--selectors=a'], 'selectors'],
  ])('refuses %j in words', (args, message) => {
    expect(() => parseCostCommand(args, {})).toThrow(message);
  });
});

it('the command keeps the cost of a node, answers /livez and leaves on SIGTERM', async () => {
  const figures = createServer((_request, response) => response.end('kryton_connections{node="a"} 17\n'));
  const metricsPort = await listen(figures);
  const api = await serveApi({ a: pod('a', '127.0.0.1') });
  const account = temporaryDirectory('account');
  writeFileSync(join(account, 'namespace'), 'kryton');
  writeFileSync(join(account, 'token'), 'of-the-account\n');
  const healthPort = await freePort();
  const running: RunningProcess = await startProcess({
    name: 'pod-deletion-cost',
    command: process.execPath,
    args: [
      MAIN,
      `--selector=${SELECTOR}`,
      `--api=${api.url}`,
      `--account=${account}`,
      `--metrics-port=${metricsPort}`,
      `--health-port=${healthPort}`,
    ],
    ready: async () => (await fetch(`http://127.0.0.1:${healthPort}/livez`)).ok,
    readyWithinMs: 30_000,
  });
  closing.push(() => running.stop({ signal: 'SIGKILL' }));
  const cost = () => api.pods['a']?.metadata.annotations?.[COST_ANNOTATION] === '17';
  await eventually(cost, { what: 'the cost is written', withinMs: 15_000 });
  expect(api.asked.at(-1)?.token).toBe('Bearer of-the-account');
  expect(await running.stop({ deadlineMs: 20_000 })).toEqual({ code: 0, signal: null });
}, 60_000);
