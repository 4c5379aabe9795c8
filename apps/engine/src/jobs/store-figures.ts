/** What one Redis says of itself, as far as it decides whether edits are safe. */
export type RedisFigures = {
  /** Whether the append-only file is on. */
  readonly isAofOn: boolean;
  /** Whether the last write to it, and its last rewriting, went well; true while it is off. */
  readonly isAofHealthy: boolean;
  /** Whether it never evicts keys, and with them edits. */
  readonly keepsKeys: boolean;
  readonly memoryBytes: number;
  /** `maxmemory`, or what its machine has. */
  readonly memoryLimitBytes: number;
  readonly evictedKeys: number;
  readonly clients: number;
  /** Its clock, in ms since 1970; NaN where it does not tell. */
  readonly clockMs: number;
};

/** Reads the answer to INFO (fields: https://redis.io/commands/info). */
export function redisFigures(info: string): RedisFigures {
  const fields = new Map(
    info.split(/\r?\n/).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)] as const;
    }),
  );
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const isOk = (name: string) => (fields.get(name) ?? 'ok') === 'ok';
  return {
    isAofOn: fields.get('aof_enabled') === '1',
    isAofHealthy: isOk('aof_last_write_status') && isOk('aof_last_bgrewrite_status'),
    keepsKeys: (fields.get('maxmemory_policy') ?? 'noeviction') === 'noeviction',
    memoryBytes: number('used_memory'),
    memoryLimitBytes: number('maxmemory') || number('total_system_memory'),
    evictedKeys: number('evicted_keys'),
    clients: number('connected_clients'),
    clockMs: Number(fields.get('server_time_usec') ?? Number.NaN) / 1_000,
  };
}

/**
 * What the masters of a cluster say together: as good as the worst of them. The memory is that of the fullest, because
 * it is the first to take no more; the clock is the one that is furthest from `nowMs`.
 */
export function worstOf(masters: readonly RedisFigures[], nowMs: number): RedisFigures {
  const [first, ...others] = masters;
  if (first === undefined) throw new RangeError('there is no master');
  return others.reduce((worst, each) => {
    const share = (figures: RedisFigures) => figures.memoryBytes / figures.memoryLimitBytes;
    const fuller = share(each) > share(worst) ? each : worst;
    return {
      isAofOn: worst.isAofOn && each.isAofOn,
      isAofHealthy: worst.isAofHealthy && each.isAofHealthy,
      keepsKeys: worst.keepsKeys && each.keepsKeys,
      memoryBytes: fuller.memoryBytes,
      memoryLimitBytes: fuller.memoryLimitBytes,
      evictedKeys: worst.evictedKeys + each.evictedKeys,
      clients: worst.clients + each.clients,
      clockMs:
        Math.abs(each.clockMs - nowMs) > Math.abs(worst.clockMs - nowMs) ? each.clockMs : worst.clockMs,
    };
  }, first);
}
