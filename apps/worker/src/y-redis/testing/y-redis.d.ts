/** The package's own types are not among its exports; these are of what the tests use of 1.0.3. */
declare module 'y-redis' {
  import type { Doc } from 'yjs';

  export class RedisPersistence {
    constructor(options: { redisOpts: { host: string; port: number } });
    /** Of ioredis 4. */
    readonly redis: { ping(): Promise<string>; publish(channel: string, message: string): Promise<number> };
    bindState(name: string, doc: Doc): PersistenceDoc;
    closeDoc(name: string): Promise<unknown> | undefined;
    destroy(): Promise<void>;
  }

  export class PersistenceDoc {
    readonly synced: Promise<PersistenceDoc>;
  }
}
