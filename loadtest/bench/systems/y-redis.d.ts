// The package's own types are not in its `exports`, so TypeScript does not find them. What is used of 1.0.3:
declare module 'y-redis' {
  import type * as Y from 'yjs';

  export class RedisPersistence {
    constructor(options: { readonly redisOpts: { readonly host: string; readonly port: number } });
    /** Loads what Redis has of a document, and keeps both alike from then on. */
    bindState(name: string, doc: Y.Doc): { readonly synced: Promise<unknown> };
    /** Ends that; undefined when the document is not bound. */
    closeDoc(name: string): Promise<unknown> | undefined;
  }
}
