import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '@kryton/engine/config/load-config.ts';
import { serveMetrics } from '@kryton/engine/lifecycle/metrics-server.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { registerHealthRoutes } from '@kryton/server/http/health-routes.ts';
import Fastify from 'fastify';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import { beforeAll, describe, expect, it } from 'vitest';
import { containersOf, type Manifest, ofKind, parseManifests, workloadsOf } from './testing/manifests.ts';
import { buildWithEverything, COMPONENTS, K8S, OVERLAYS } from './testing/overlays.ts';
import { type Change, plant } from './testing/plant.ts';
import { productProblems } from './testing/product.ts';
import { routeProblems } from './testing/routes.ts';
import { schemaProblems } from './testing/strict-schema.ts';

const NODE = 'Deployment kryton-node';
const WORKER = 'Deployment kryton-worker';
const HPA = 'HorizontalPodAutoscaler kryton-node';
const main = (path: string) => `spec template spec containers 0 ${path}`;
const first = (path: string) => `spec template spec initContainers 0 ${path}`;

let envoy: readonly Manifest[];
let nginx: readonly Manifest[];
let haproxy: readonly Manifest[];
let traefik: readonly Manifest[];
beforeAll(async () => {
  envoy = await buildWithEverything('envoy-gateway');
  nginx = await buildWithEverything('ingress-nginx');
  haproxy = await buildWithEverything('haproxy');
  traefik = await buildWithEverything('traefik');
}, 60_000);

describe('manifests and product', () => {
  it('agree', () => expect(productProblems(envoy)).toEqual([]));

  it.each<[what: string, change: Change, message: string]>([
    ['a variable that nobody reads', [NODE, main('env 0 name'), 'NODE_NAMES'], 'sets NODE_NAMES'],
    [
      'a variable that is missing',
      [NODE, main('env 1'), { name: 'NODE_NAME', value: 'a' }],
      'REDIS_URL is not set',
    ],
    [
      'a value that the server refuses',
      [WORKER, main('env 0'), { name: 'NODE_NAME', value: '/' }],
      'NODE_NAME=/',
    ],
    [
      'a ConfigMap that is not there',
      [NODE, main('envFrom 0 configMapRef name'), 'another'],
      'another is not there',
    ],
    [
      'a port that the server does not have',
      [NODE, main('ports 0 containerPort'), 3000],
      'has http on 3000, not 3001',
    ],
    ['a port of figures', [WORKER, main('ports 0 containerPort'), 9090], 'has metrics on 9090, not 9464'],
    [
      'a command that is not there',
      [NODE, main('command 2'), 'apps/server/src/start.ts'],
      'which is not there',
    ],
    ['a file that is not in the image', [NODE, main('command 2'), 'apps/web/vite.config.ts'], 'not there'],
    ['another program', [NODE, main('command 0'), 'npm'], 'starts npm'],
    ['another release', [WORKER, main('image'), 'kryton-cluster:0.0.9'], 'runs kryton-cluster:0.0.9'],
    [
      'a metric that no node has',
      [HPA, 'spec metrics 0 pods metric name', 'connections'],
      'which no node has',
    ],
    [
      'too little time to leave',
      [NODE, 'spec template spec terminationGracePeriodSeconds', 60],
      'to leave, and gets 60',
    ],
    [
      'a slower drain',
      [NODE, main('env 0'), { name: 'DRAIN_SECONDS', value: '300' }],
      'to leave, and gets 90',
    ],
    [
      'a worker in a hurry',
      [WORKER, 'spec template spec terminationGracePeriodSeconds', 30],
      'to leave, and gets 30',
    ],
    ['nobody who waits for the schema', [NODE, 'spec template spec initContainers', []], 'does not wait'],
    ['a migration per replica', [WORKER, first('command 2'), undefined], 'migrates once per replica'],
    ['a Job that only looks', ['Job kryton-migrate', main('command 2'), '--check'], 'migrates nothing'],
    ['no pause before leaving', [NODE, main('lifecycle'), undefined], 'tells nobody before'],
  ])('do not with %s', (_what, change, message) => {
    expect(productProblems(plant(envoy, change)).join('\n')).toContain(message);
  });

  it('agree on the paths of the probes', async () => {
    const paths = (id: string) => {
      const pods = workloadsOf(envoy).filter((workload) => workload.id === id);
      const probes = pods
        .flatMap(({ pod }) => containersOf(pod))
        .flatMap(({ startupProbe, livenessProbe, readinessProbe }) => [
          startupProbe,
          livenessProbe,
          readinessProbe,
        ]);
      return new Set(probes.flatMap((probe) => probe?.httpGet?.path ?? []));
    };
    const app = Fastify();
    registerHealthRoutes(app, { unreadyBecause: () => null });
    expect(paths(NODE)).toEqual(new Set(['/livez', '/readyz']));
    for (const url of paths(NODE)) expect((await app.inject(url)).statusCode, url).toBe(200);
    await app.close();

    const port = await freePort();
    const figures = await serveMetrics(
      { contentType: 'text/plain', text: async () => '' },
      '127.0.0.1',
      port,
    );
    expect(paths(WORKER)).toEqual(new Set(['/livez']));
    for (const path of paths(WORKER))
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
    await figures.close();
  });
});

describe('the template of the Secret', () => {
  const [template] = parseManifests(readFileSync(join(K8S, 'secret.template.yaml'), 'utf8'));
  const [secret] = ofKind<ISecret>(template ? [template] : [], 'Secret');

  it('is a Secret, and has every key that something asks for', async () => {
    if (!template || !secret) throw new Error('secret.template.yaml holds no Secret');
    expect(await schemaProblems(template)).toEqual([]);
    const asked = workloadsOf(envoy)
      .flatMap(({ pod }) => containersOf(pod))
      .flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []));
    expect(new Set(asked.map(({ name }) => name))).toEqual(new Set([secret.metadata.name]));
    const text = readFileSync(join(K8S, 'secret.template.yaml'), 'utf8');
    for (const { key } of asked) expect(text).toMatch(new RegExp(`^  (# )?${key}: change-me$`, 'm'));
  });

  it('is refused by the server as long as it is not filled in, key by key', () => {
    try {
      loadConfig({ ...secret?.stringData }, { role: 'node' });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const keys = error.problems.map((problem) => /^\w+/.exec(problem)?.[0]);
      expect(new Set(keys)).toEqual(new Set(Object.keys(secret?.stringData ?? {})));
      return;
    }
    throw new Error('the server takes the placeholders');
  });
});

describe('the README', () => {
  const readme = readFileSync(join(K8S, 'README.md'), 'utf8');

  it('names Redis and PostgreSQL by URLs that the server takes', () => {
    const urls = (start: RegExp) => [...readme.matchAll(start)].map(([, url = '']) => url);
    const redis = urls(/`(redis[a-z+]*:\/\/[^`…]+)`/g);
    const [database] = urls(/`(postgresql:\/\/[^`…]+)`/g);
    expect(redis.map((url) => url.slice(0, url.indexOf(':')))).toEqual([
      'redis',
      'redis+cluster',
      'redis+sentinel',
    ]);
    for (const REDIS_URL of redis) {
      const env = { REDIS_URL, DATABASE_URL: database, BETTER_AUTH_SECRET: 'a'.repeat(32) };
      expect(() => loadConfig(env, { role: 'node' }), REDIS_URL).not.toThrow();
    }
  });

  it('names every overlay and every component', () => {
    for (const name of [...OVERLAYS, ...COMPONENTS]) expect(readme).toContain(`\`${name}\``);
  });
});

describe('the way in', () => {
  const ROUTE = 'HTTPRoute kryton';
  const BACKEND = 'BackendTrafficPolicy kryton';
  const annotation = (name: string, value: unknown): Change => [
    'Ingress kryton',
    `metadata annotations ${name}`,
    value,
  ];

  it('is right', () => {
    expect([envoy, nginx, haproxy, traefik].flatMap(routeProblems)).toEqual([]);
  });

  it.each<[what: string, change: Change]>([
    ['another host', [ROUTE, 'spec hostnames 0', 'docs.example.com']],
    ['every host', [ROUTE, 'spec hostnames', undefined]],
    ['another host at the gateway', ['Gateway kryton', 'spec listeners 1 hostname', 'docs.example.com']],
    ['a limit to the time of a request', [ROUTE, 'spec rules 0 timeouts', undefined]],
    ['idle sockets that are cut', ['ClientTrafficPolicy kryton', 'spec timeout', undefined]],
    ['the number of connections that Envoy allows', [BACKEND, 'spec circuitBreaker', undefined]],
    ['turns', [BACKEND, 'spec loadBalancer type', 'RoundRobin']],
    ['clients tied to a node', ['Service kryton', 'spec sessionAffinity', 'ClientIP']],
  ])('of Envoy is wrong with %s', (_what, change) => {
    expect(routeProblems(plant(envoy, change))).not.toEqual([]);
  });

  it.each<[what: string, change: Change]>([
    ['another host', ['Ingress kryton', 'spec rules 0 host', 'docs.example.com']],
    ['a certificate of another host', ['Ingress kryton', 'spec tls 0 hosts 0', 'docs.example.com']],
    ['a minute of patience', annotation('nginx.ingress.kubernetes.io/proxy-read-timeout', '60')],
    ['no word on sending', annotation('nginx.ingress.kubernetes.io/proxy-send-timeout', undefined)],
    ['bodies of 1 MB', annotation('nginx.ingress.kubernetes.io/proxy-body-size', '1m')],
    ['a name that is misspelt', annotation('nginx.ingress.kubernetes.io/proxy-read-timeouts', '3600')],
  ])('of ingress-nginx is wrong with %s', (_what, change) => {
    expect(routeProblems(plant(nginx, change))).not.toEqual([]);
  });

  it.each<[what: string, change: Change]>([
    ['a minute of patience', annotation('haproxy.org/timeout-server', '1m')],
    ['turns', annotation('haproxy.org/load-balance', 'roundrobin')],
    ['a setting that only its ConfigMap has', annotation('haproxy.org/timeout-tunnel', '1h')],
  ])('of HAProxy is wrong with %s', (_what, change) => {
    expect(routeProblems(plant(haproxy, change))).not.toEqual([]);
  });

  it.each<[what: string, path: string, value: unknown]>([
    ['another host', 'match', 'Host(`docs.example.com`)'],
    ['turns', 'services 0 strategy', undefined],
    ['clients tied to a node', 'services 0 sticky', { cookie: {} }],
  ])('of Traefik is wrong with %s', (_what, path, value) => {
    const change: Change = ['IngressRoute kryton', `spec routes 0 ${path}`, value];
    expect(routeProblems(plant(traefik, change))).not.toEqual([]);
  });
});
