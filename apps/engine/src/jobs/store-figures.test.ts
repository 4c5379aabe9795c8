import { describe, expect, it } from 'vitest';
import { redisFigures, worstOf } from './store-figures.ts';

/** As Redis 7 answers to INFO, only shorter. */
const info = (fields: Record<string, string | number>) =>
  ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join('\r\n');

const HEALTHY = {
  server_time_usec: 1_700_000_000_000_000,
  aof_enabled: 1,
  aof_last_write_status: 'ok',
  aof_last_bgrewrite_status: 'ok',
  maxmemory_policy: 'noeviction',
  maxmemory: 1_000,
  used_memory: 500,
  total_system_memory: 9_000,
  evicted_keys: 0,
  connected_clients: 3,
};

describe('what Redis says of itself', () => {
  it('is read from its INFO', () => {
    expect(redisFigures(info(HEALTHY))).toEqual({
      isAofOn: true,
      isAofHealthy: true,
      keepsKeys: true,
      memoryBytes: 500,
      memoryLimitBytes: 1_000,
      evictedKeys: 0,
      clients: 3,
      clockMs: 1_700_000_000_000,
    });
    expect(redisFigures(info({ ...HEALTHY, maxmemory: 0 })).memoryLimitBytes).toBe(9_000);
    expect(redisFigures(info({ ...HEALTHY, aof_last_write_status: 'err' })).isAofHealthy).toBe(false);
    expect(redisFigures(info({ ...HEALTHY, aof_enabled: 0 })).isAofOn).toBe(false);
    expect(redisFigures(info({ ...HEALTHY, maxmemory_policy: 'allkeys-lru' })).keepsKeys).toBe(false);
  });

  it('of a cluster is as good as its worst master', () => {
    const masters = [
      HEALTHY,
      { ...HEALTHY, aof_enabled: 0, server_time_usec: 1_699_999_990_000_000 },
      { ...HEALTHY, used_memory: 1_900, maxmemory: 2_000, evicted_keys: 7 },
    ].map((fields) => redisFigures(info(fields)));
    expect(worstOf(masters, 1_700_000_000_000)).toEqual({
      isAofOn: false,
      isAofHealthy: true,
      keepsKeys: true,
      memoryBytes: 1_900,
      memoryLimitBytes: 2_000,
      evictedKeys: 7,
      clients: 9,
      clockMs: 1_699_999_990_000,
    });
  });
});
