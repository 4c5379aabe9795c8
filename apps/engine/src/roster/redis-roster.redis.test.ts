import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { RedisRoster, ROSTER_KEY } from './redis-roster.ts';
import { aNode, describeRoster } from './roster.contract.ts';
import { ageReports } from './testing/age-reports.ts';

const quiet = () => {};

describeRoster('Redis', async () => {
  const url = inject('redisUrl');
  const admin = new Redis(url);
  const roster = await RedisRoster.connect({ url, name: 'roster-a', onError: quiet });
  const other = await RedisRoster.connect({ url, name: 'roster-b', onError: quiet });
  return {
    roster,
    other,
    pass: (ms, ...ids) => ageReports(admin, ids, ms),
    async stop() {
      await Promise.all([roster.close(), other.close()]);
      admin.disconnect();
    },
  };
});

describe('RedisRoster', () => {
  it('leaves out and removes what is no report, and shows the others', async () => {
    const url = inject('redisUrl');
    const admin = new Redis(url);
    const roster = await RedisRoster.connect({ url, name: 'roster', onError: quiet });
    const node = aNode('node-1');
    await roster.report(node);
    await admin.hset(ROSTER_KEY, {
      broken: 'no time',
      'not-json': `${Date.now()}:{`,
      list: `${Date.now()}:[]`,
    });
    const ids = (await roster.read()).map(({ status }) => status.id);
    expect(ids).toContain(node.id);
    for (const odd of ['broken', 'not-json', 'list']) expect(ids).not.toContain(odd);
    expect(await admin.hexists(ROSTER_KEY, 'broken')).toBe(0);
    expect(await admin.pttl(ROSTER_KEY)).toBeGreaterThan(0);
    await admin.hdel(ROSTER_KEY, 'not-json', 'list');
    await roster.leave(node.id);
    await roster.close();
    admin.disconnect();
  });
});
