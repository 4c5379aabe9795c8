import type { Part } from './services/programs.ts';

/** One kind of tests: what its files end in, and what they need beside Node. */
export type Suite = {
  /** The name of the vitest project. */
  readonly name: string;
  readonly suffix: string;
  readonly needs: readonly Part[];
  /** Its files start real processes: so many run at a time, with long timeouts. Null: as many as there are cores. */
  readonly atOnce: 1 | 2 | null;
};

/**
 * In the order in which they run. A file that fits several suffixes belongs to the longest. Those of `browser` and
 * `cluster` mostly wait for processes, so two go together.
 */
export const SUITES: readonly Suite[] = [
  { name: 'unit', suffix: '.test.ts', needs: [], atOnce: null },
  { name: 'redis', suffix: '.redis.test.ts', needs: ['redis'], atOnce: null },
  { name: 'pg', suffix: '.pg.test.ts', needs: ['postgres'], atOnce: null },
  { name: 'redis.pg', suffix: '.redis.pg.test.ts', needs: ['redis', 'postgres'], atOnce: null },
  {
    name: 'browser',
    suffix: '.browser.test.ts',
    needs: ['chromium', 'redis', 'postgres', 'nginx'],
    atOnce: 2,
  },
  { name: 'image', suffix: '.image.test.ts', needs: ['hadolint', 'redis', 'postgres'], atOnce: 1 },
  { name: 'alerts', suffix: '.alerts.test.ts', needs: ['promtool', 'redis', 'postgres'], atOnce: 1 },
  {
    name: 'proxy',
    suffix: '.proxy.test.ts',
    needs: ['redis', 'postgres', 'nginx', 'caddy', 'haproxy', 'traefik'],
    atOnce: 1,
  },
  { name: 'k6', suffix: '.k6.test.ts', needs: ['redis', 'postgres', 'nginx', 'k6', 'promtool'], atOnce: 1 },
  { name: 'cluster', suffix: '.cluster.test.ts', needs: ['redis', 'postgres', 'nginx'], atOnce: 2 },
  // What measures, and what keeps the machine busy.
  { name: 'busy', suffix: '.busy.test.ts', needs: ['redis', 'postgres', 'nginx'], atOnce: 1 },
];
