import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@kryton/engine/config/load-config.ts';
import { VARIABLES } from '@kryton/engine/config/variables.ts';
import { nodeDeadlines } from '@kryton/server/node-service.ts';
import { DCLinter } from 'dclint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const COMPOSE = fileOf('./compose.yaml');
const text = readFileSync(COMPOSE, 'utf8');

const SERVICE = z.looseObject({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).loose().optional(),
  restart: z.string(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z
    .object({ test: z.array(z.string()) })
    .loose()
    .optional(),
  stop_grace_period: z.string().optional(),
  deploy: z.object({
    resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string(), pids: z.number() }) }),
  }),
});
const { services, volumes } = z
  .object({ services: z.record(z.string(), SERVICE), volumes: z.record(z.string(), z.unknown()) })
  .loose()
  .parse(parse(text, { merge: true }));
const all = Object.entries(services);
const ours = all.filter(([, { image }]) => image.startsWith('kryton-cluster:'));
const service = (name: string) => services[name] ?? expect.fail(`there is a service ${name}`);

describe('infra/compose.yaml', () => {
  it('fits the schema of the Compose specification, and dclint finds nothing beside matters of taste', () => {
    // The order of an operator reading it (from the edge inwards, what a service is before how it is kept) is ours.
    const taste = ['service-keys-order', 'services-alphabetical-order', 'top-level-properties-order'];
    const more = [
      'service-dependencies-alphabetical-order',
      'no-unbound-port-interfaces',
      'no-build-and-image',
    ];
    const rules = Object.fromEntries([...taste, ...more].map((rule) => [rule, 0 as const]));
    const linter = new DCLinter({ rules, quiet: true, debug: false, exclude: [] });
    expect(
      linter.lintFiles([COMPOSE], false).flatMap(({ messages }: { messages: unknown[] }) => messages),
    ).toEqual([]);
  });

  it('is the whole cluster', () => {
    const names = ['node-1', 'node-2', 'node-3', 'worker-1', 'worker-2', 'migrate'];
    expect(ours.map(([name]) => name)).toEqual(names);
    const others = all.filter((each) => !ours.includes(each)).map(([name]) => name);
    expect(others.sort()).toEqual(['certificate', 'grafana', 'nginx', 'postgres', 'prometheus', 'redis']);
  });

  it('lets nothing write to a root, gain privileges or take all of the machine', () => {
    for (const [name, { security_opt, cap_add, image }] of all) {
      expect(security_opt, name).toContain('no-new-privileges:true');
      if (name !== 'nginx') expect(cap_add, name).toEqual([]);
      expect(image, `${name} names a version`).toMatch(/:(v?\d|\$\{KRYTON_VERSION:-\d)/);
    }
  });

  it('stays down without its secrets, and env.example says what each variable is', () => {
    const example = readFileSync(fileOf('./env.example'), 'utf8');
    const used = new Set([...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name));
    const documented = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(new Set(documented)).toEqual(used);
    for (const name of ['BETTER_AUTH_SECRET', 'REDIS_PASSWORD', 'POSTGRES_PASSWORD', 'GRAFANA_PASSWORD']) {
      const uses = text.match(new RegExp(`\\$\\{${name}\\W`, 'g')) ?? [];
      expect(text.match(new RegExp(`\\$\\{${name}:\\?`, 'g')), name).toHaveLength(uses.length);
    }
  });

  it('gives our processes a configuration that they take', () => {
    const known: string[] = Object.values(VARIABLES).map(({ name }) => name);
    for (const [name, { environment, command }] of ours) {
      expect(known, name).toEqual(expect.arrayContaining(Object.keys(environment)));
      const role = name.startsWith('node') ? 'node' : name.startsWith('worker') ? 'worker' : 'migrate';
      const env = Object.entries(environment).map(([key, value]) => [key, filled(value)]);
      const config = loadConfig({ NODE_ENV: 'production', ...Object.fromEntries(env) }, { role });
      if (role !== 'migrate') expect(config.nodeName).toBe(name);
      expect(existsSync(fileOf(`../${command.at(-1)}`)), `${name}: ${command.join(' ')}`).toBe(true);
    }
  });

  it('waits for each node as long as it may take to leave, and starts in the right order', () => {
    for (const name of ['node-1', 'node-2', 'node-3']) {
      const { environment, stop_grace_period = '10s' } = service(name);
      const config = loadConfig({ DRAIN_SECONDS: environment['DRAIN_SECONDS'] });
      const { drainMs, stopMs } = nodeDeadlines(config);
      expect(Number.parseInt(stop_grace_period, 10) * 1_000).toBeGreaterThan(drainMs + stopMs);
      expect(service('nginx').depends_on[name]).toEqual({ condition: 'service_healthy' });
      expect(service(name).depends_on['migrate']).toEqual({ condition: 'service_completed_successfully' });
    }
    for (const [name, { depends_on }] of all) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const { healthcheck, restart } = service(other);
        if (condition === 'service_healthy') expect(healthcheck, `${name} waits for ${other}`).toBeDefined();
        else expect(restart, `${name} waits for ${other}`).toBe('no');
      }
    }
  });

  it('mounts what is there, read-only, and volumes that it declares', () => {
    for (const [name, { volumes: mounts, build }] of all) {
      for (const mount of mounts) {
        const [source = '', , mode] = filled(mount).split(':');
        if (!source.startsWith('.')) expect(Object.keys(volumes), name).toContain(source);
        else expect([existsSync(fileOf(source)), mode], `${name}: ${source}`).toEqual([true, 'ro']);
      }
      if (build) expect(existsSync(fileOf(`${build.context}/${build.dockerfile}`)), name).toBe(true);
    }
  });

  it('names in nginx and Prometheus only services that listen there, and publishes what nginx listens on', () => {
    const nginx = readFileSync(fileOf('./nginx/nginx.conf'), 'utf8');
    const upstreams = [...nginx.matchAll(/^\s*server ([\w.-]+):(\d+)/gm)].map(
      ([, host, port]) => `${host}:${port}`,
    );
    expect(new Set(upstreams)).toEqual(new Set(['node-1:3001', 'node-2:3001', 'node-3:3001']));
    const published = service('nginx').ports.map((port) => filled(port).split(':').at(-1));
    for (const port of published) expect(nginx).toMatch(new RegExp(`listen ${port} ssl`));
    const prometheus = readFileSync(fileOf('./prometheus/prometheus.yml'), 'utf8');
    const targets = [...prometheus.matchAll(/((?:node|worker)-\d+):(\d+)/g)].map(
      ([, host, port]) => `${host}:${port}`,
    );
    const scraped = ours.flatMap(([name]) => (name === 'migrate' ? [] : [`${name}:9464`]));
    expect(new Set(targets)).toEqual(new Set(scraped));
    expect(service('redis').command.join(' ')).toMatch(/--appendonly yes.*--maxmemory-policy noeviction/);
  });

  it('publishes nothing beyond nginx to other machines', () => {
    const open = all.filter(([, { ports }]) => ports.some((port) => !port.startsWith('127.0.0.1:')));
    expect(open.map(([name]) => name)).toEqual(['nginx']);
    for (const name of ['redis', 'postgres', 'migrate']) expect(service(name).networks).toEqual(['stores']);
  });
});

/** As Compose puts variables in: the default, or a value long enough for a secret. */
function filled(value: string): string {
  return value.replaceAll(/\$\{\w+:([-?])([^}]*)\}/g, (_all, kind: string, words: string) =>
    kind === '-' ? words : 'x'.repeat(40),
  );
}
