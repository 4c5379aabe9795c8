import type { Config } from './load-config.ts';

/** Where the data lives: on servers, or embedded in this one process. */
export type Stores =
  | { readonly kind: 'cluster'; readonly redisUrl: string; readonly databaseUrl: string }
  | { readonly kind: 'embedded'; readonly dataDir: string };

/** `loadConfig` has made sure that both URLs are set or neither. */
export function storesOf({ redisUrl, databaseUrl, dataDir }: Config): Stores {
  if (redisUrl !== null && databaseUrl !== null) return { kind: 'cluster', redisUrl, databaseUrl };
  return { kind: 'embedded', dataDir };
}
