import { setMaxListeners } from 'node:events';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type ClientOptions, WebSocket } from 'ws';
import type { Awareness } from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { type Credentials, signedInSocket } from './sign-up.ts';

// Each provider listens for the end of the process.
setMaxListeners(0, process);

/** A stock y-websocket 3 client with a document of its own; its text is the root type `content`. */
export type StockClient = {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
  readonly awareness: Awareness;
  /** How often a connection was lost since the start. */
  readonly losses: () => number;
  synced(withinMs?: number): Promise<void>;
  close(): void;
};

export type StockClientOptions = {
  readonly presence?: boolean;
  /** Whose client it is; nobody's unless told. */
  readonly as?: Credentials;
  /** How its connections are made: certificates to trust, an address to come from; for somebody who is signed in. */
  readonly connection?: ClientOptions;
};

/** Connects to `base` (`ws://host:port`, a node or a proxy); nothing is shared between clients but the server. */
export function stockClient(base: string, docId: string, options: StockClientOptions = {}): StockClient {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${base}/ws/yjs`, docId, doc, {
    // The Node types of `ws` and the browser's differ in detail; the provider uses what both have.
    WebSocketPolyfill: options.as
      ? signedInSocket(options.as, options.connection)
      : (WebSocket as unknown as typeof globalThis.WebSocket),
    // Clients in one process would otherwise talk to each other behind the server's back.
    disableBc: true,
  });
  if (options.presence === false) provider.awareness.setLocalState(null);
  let losses = 0;
  provider.on('connection-close', () => losses++);
  return {
    doc,
    text: doc.getText('content'),
    provider,
    awareness: provider.awareness,
    losses: () => losses,
    async synced(withinMs = 10_000) {
      await eventually(() => provider.synced, { what: `a client of ${docId} is synced`, withinMs });
    },
    close() {
      provider.destroy();
      provider.awareness.destroy();
      doc.destroy();
    },
  };
}

/** Resolves when the texts of all clients are the same, with that text. */
export async function converged(clients: readonly StockClient[], withinMs = 10_000): Promise<string> {
  return await eventually(
    () => {
      const texts = clients.map(({ text }) => text.toString());
      const [first = ''] = texts;
      if (texts.some((text) => text !== first)) {
        throw new Error(`lengths ${texts.map((text) => text.length).join(', ')}`);
      }
      return { first };
    },
    { what: 'all clients have the same text', withinMs },
  ).then(({ first }) => first);
}
