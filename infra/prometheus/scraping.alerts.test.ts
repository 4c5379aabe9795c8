import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { allMetrics } from '@kryton/launcher/metrics/all-metrics.ts';
import { ACCOUNT_ENV } from '@kryton/server/testing/sign-up.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboard, queriesOf } from '../grafana/dashboard.ts';
import { alerts } from './testing/alerts.ts';
import { type PrometheusService, startPrometheus } from './testing/prometheus-service.ts';

const NODE_MAIN = fileURLToPath(new URL('../../apps/server/src/main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../apps/worker/src/main.ts', import.meta.url));
/** Of a busy machine; an idle one needs a tenth. */
const PATIENCE_MS = 60_000;

type Rules = { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
type Rule = { readonly name: string; readonly health: string; readonly state: string };
type Targets = {
  readonly activeTargets: readonly { readonly health: string; readonly scrapePool: string }[];
};

describe('a Prometheus on a real node and a real worker', () => {
  const stopping: (() => Promise<unknown>)[] = [];
  let prometheus: PrometheusService;

  beforeAll(async () => {
    const [redis, postgres] = await Promise.all([startRedis({ aof: true }), startPostgres()]);
    stopping.push(redis.stop, postgres.stop);
    const database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
    await migrate(database.db);
    await database.close();
    const start = async (name: string, main: string, port: number) => {
      const metrics = `127.0.0.1:${await freePort()}`;
      const running = await startProcess({
        name,
        command: process.execPath,
        args: [main],
        env: {
          ...ACCOUNT_ENV,
          REDIS_URL: redis.url,
          DATABASE_URL: postgres.url,
          NODE_NAME: name,
          HOST: '127.0.0.1',
          PORT: String(port),
          METRICS_PORT: metrics.slice(metrics.indexOf(':') + 1),
          DRAIN_SECONDS: '0',
        },
        ready: async () => (await fetch(`http://${metrics}/metrics`)).ok,
        readyWithinMs: PATIENCE_MS,
      });
      stopping.push(() => running.stop());
      return metrics;
    };
    const [node, worker] = await Promise.all([
      start('node-1', NODE_MAIN, await freePort()),
      start('worker-1', WORKER_MAIN, await freePort()),
    ]);
    prometheus = await startPrometheus({ 'kryton-node': [node], 'kryton-worker': [worker] });
    stopping.push(() => prometheus.stop());
  });
  afterAll(async () => {
    for (const stop of stopping.toReversed()) await stop();
  });

  it('finds every metric that is on the page, and no other', async () => {
    const expected = Object.values(allMetrics()).flatMap((metrics) =>
      // No plugin is loaded.
      metrics
        .filter(({ name }) => !name.startsWith('kryton_plugin_'))
        .map(({ name, kind }) => (kind === 'histogram' ? `${name}_count` : name)),
    );
    await eventually(
      async () => {
        const names = await prometheus.get<readonly string[]>('label/__name__/values');
        const found = names.filter((name) => /^kryton_(?!.*_(bucket|sum)$)/.test(name));
        expect(found).toEqual([...new Set(expected)].sort());
        return true;
      },
      { what: 'a sweep is through and everything was scraped', withinMs: PATIENCE_MS, everyMs: 200 },
    );
    // On a busy machine one scrape may take longer than its second; it says so of every target that cannot be scraped.
    await eventually(
      async () => {
        const { activeTargets } = await prometheus.get<Targets>('targets');
        expect(activeTargets.filter(({ health }) => health !== 'up')).toEqual([]);
        return true;
      },
      { what: 'every target answers', withinMs: PATIENCE_MS, everyMs: 200 },
    );
  });

  it('answers every query of the dashboard', async () => {
    for (const query of queriesOf(dashboard())) await prometheus.get('query', { query });
    const connections = await prometheus.get<{ result: readonly { value: readonly unknown[] }[] }>('query', {
      query: 'sum(kryton_ready) + sum(kryton_redis_up)',
    });
    expect(connections.result[0]?.value[1]).toBe('2');
  });

  it('has every alert silent', async () => {
    const rules = await eventually(
      async () => {
        const { groups } = await prometheus.get<Rules>('rules');
        const all = groups.flatMap((group) => group.rules);
        return all.every(({ health }) => health === 'ok') && all;
      },
      { what: 'every rule was evaluated', withinMs: PATIENCE_MS, everyMs: 200 },
    );
    expect(rules.map(({ name }) => name).sort()).toEqual(
      alerts()
        .map(({ alert }) => alert)
        .sort(),
    );
    expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
  });
});
