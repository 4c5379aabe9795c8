import type { Part } from './services/programs.ts';

/** One kind of tests: what its files end in, and what they need beside Node. */
export type Suite = {
  /** The name of the vitest project. */
  readonly name: string;
  readonly suffix: string;
  readonly needs: readonly Part[];
  /** Starts real processes: its files run one at a time, with long timeouts. */
  readonly alone: boolean;
};

/** In the order in which they run. A file that fits several suffixes belongs to the longest. */
export const SUITES: readonly Suite[] = [
  { name: 'unit', suffix: '.test.ts', needs: [], alone: false },
  { name: 'redis', suffix: '.redis.test.ts', needs: ['redis'], alone: false },
  { name: 'pg', suffix: '.pg.test.ts', needs: ['postgres'], alone: false },
  { name: 'redis.pg', suffix: '.redis.pg.test.ts', needs: ['redis', 'postgres'], alone: false },
  {
    name: 'browser',
    suffix: '.browser.test.ts',
    needs: ['chromium', 'redis', 'postgres', 'nginx'],
    alone: true,
  },
  { name: 'image', suffix: '.image.test.ts', needs: ['hadolint'], alone: true },
  { name: 'alerts', suffix: '.alerts.test.ts', needs: ['promtool'], alone: true },
  {
    name: 'proxy',
    suffix: '.proxy.test.ts',
    needs: ['redis', 'postgres', 'nginx', 'caddy', 'haproxy', 'traefik'],
    alone: true,
  },
  { name: 'cluster', suffix: '.cluster.test.ts', needs: ['redis', 'postgres', 'nginx'], alone: true },
];
