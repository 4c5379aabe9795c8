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
