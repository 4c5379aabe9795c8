import { configDefaults, defineConfig } from 'vitest/config';

const redis = './apps/engine/src/testing/redis.global-setup.ts';
const postgres = './apps/engine/src/testing/postgres.global-setup.ts';

/** Tests that end in one of these need more than Node; each has a project of its own. */
const services = ['redis', 'pg', 'redis.pg', 'browser', 'cluster'];

const files = (suffix: string) => [`apps/**/*${suffix}`, `loadtest/**/*${suffix}`];
const exclude = [...configDefaults.exclude, '**/.data/**'];

/** Real processes on two cores: one file at a time, after everything else. */
const alone = { maxWorkers: 1, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: files('.test.ts'),
          exclude: [...exclude, ...services.map((service) => `**/*.${service}.test.ts`)],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'redis',
          include: files('.redis.test.ts'),
          exclude,
          globalSetup: redis,
          testTimeout: 20_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'pg',
          include: files('.pg.test.ts'),
          exclude: [...exclude, '**/*.redis.pg.test.ts'],
          globalSetup: postgres,
          testTimeout: 20_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'redis.pg',
          include: files('.redis.pg.test.ts'),
          exclude,
          globalSetup: [redis, postgres],
          testTimeout: 20_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'browser',
          include: files('.browser.test.ts'),
          exclude,
          ...alone,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'cluster',
          include: files('.cluster.test.ts'),
          exclude,
          ...alone,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
