import { stockClient } from '@kryton/server/testing/stock-client.ts';
import type { FailureClient } from './failure-client.ts';
import { textOf } from './tokens.ts';

/** A stock y-websocket client of a server that acknowledges nothing. */
export function yWebsocketClient(base: string, docId: string, name: string): FailureClient {
  const client = stockClient(base, docId);
  const typed = new Set<string>();
  return {
    name,
    doc: client.doc,
    get isSynced() {
      return client.provider.synced;
    },
    typed,
    acknowledged: null,
    type() {
      const token = `[${name}.${typed.size}]`;
      typed.add(token);
      textOf(client.doc).insert(textOf(client.doc).length, token);
    },
    close: () => client.close(),
  };
}
