import type { TestProject } from 'vitest/node';
import { startRedis } from './services/redis-service.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Redis of this run (AOF, noeviction). Shared: keep to your own document ids and prefixes, never flush. */
    redisUrl: string;
  }
}

/** One Redis for all selected `.redis.test.ts` files; vitest runs this only when one is selected. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedis({ aof: true });
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.stop();
  };
}
