import { Redis } from 'ioredis';

/** The Redis on this port of 127.0.0.1 refuses every command that writes; the result ends that. */
export async function refuseWrites(port: number): Promise<() => Promise<void>> {
  const redis = new Redis(port, '127.0.0.1');
  // It has no replica, so it has never enough of them: -NOREPLICAS.
  await redis.config('SET', 'min-replicas-to-write', '1');
  return async () => {
    await redis.config('SET', 'min-replicas-to-write', '0');
    await redis.quit();
  };
}
