import type { Redis } from 'ioredis';
import { ROSTER_KEY } from '../redis-roster.ts';

/** Makes reports of these processes older by `ms`: each begins with its time. */
export async function ageReports(redis: Redis, ids: readonly string[], ms: number): Promise<void> {
  for (const id of ids) {
    const report = (await redis.hget(ROSTER_KEY, id)) ?? '';
    const [at = ''] = report.split(':', 1);
    await redis.hset(ROSTER_KEY, id, `${Number(at) - ms}${report.slice(at.length)}`);
  }
}
