import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import type { Part } from './apps/engine/src/testing/services/programs.ts';
import { SUITES, type Suite } from './apps/engine/src/testing/suites.ts';

/** Suites that do not start their own services get one of each kind for the whole run. */
const SHARED_SERVICES: Partial<Record<Part, string>> = {
  redis: './apps/engine/src/testing/redis.global-setup.ts',
  postgres: './apps/engine/src/testing/postgres.global-setup.ts',
};

const LONG = { testTimeout: 120_000, hookTimeout: 120_000 };
/** Vitest itself would leave one core alone, which on two makes all of it twice as long. */
const USUAL = { testTimeout: 20_000, hookTimeout: 20_000, maxWorkers: availableParallelism() };

export default defineConfig({ test: { projects: SUITES.map(project) } });

function project({ name, suffix, needs, atOnce }: Suite, order: number) {
  const longer = SUITES.filter((other) => other.suffix !== suffix && other.suffix.endsWith(suffix));
  return {
    test: {
      name,
      // With "development" Yjs freezes values as it reads them, and fails on some that it reads otherwise.
      env: { NODE_ENV: 'test' },
      include: ['apps', 'infra', 'k8s', 'loadtest'].map((room) => `${room}/**/*${suffix}`),
      exclude: [...configDefaults.exclude, ...longer.map((other) => `**/*${other.suffix}`)],
      globalSetup: atOnce !== null ? [] : needs.flatMap((part) => SHARED_SERVICES[part] ?? []),
      // One suite after the other, the quick ones first: figures of the later ones must not suffer from the earlier.
      sequence: { groupOrder: order + 1 },
      ...(atOnce === null ? USUAL : { ...LONG, maxWorkers: atOnce, fileParallelism: atOnce > 1 }),
    },
  };
}
