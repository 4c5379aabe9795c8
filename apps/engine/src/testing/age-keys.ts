import type { Redis } from 'ioredis';

/** Lets `ms` pass for these keys of Redis without waiting: brings the end of their time so much nearer. */
export async function ageKeys(redis: Redis, keys: readonly string[], ms: number): Promise<void> {
  for (const key of keys) {
    const leftMs = await redis.pttl(key);
    if (leftMs >= 0) await redis.pexpire(key, leftMs - ms);
  }
}
