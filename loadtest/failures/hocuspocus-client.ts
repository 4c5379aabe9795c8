import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { FailureClient } from './failure-client.ts';
import { textOf } from './tokens.ts';

/**
 * Hocuspocus' own provider with its defaults. Its server answers every update with SyncStatus (message type 8), by which
 * the provider counts its unsynced changes; at 0 everything typed so far is acknowledged. The provider's source says of
 * that count that it is the one to ask whether all updates "have been persisted to the backend".
 */
export function hocuspocusClient(url: string, docId: string, name: string): FailureClient {
  const doc = new Y.Doc();
  const typed = new Set<string>();
  const acknowledged = new Set<string>();
  const socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
  const provider = new HocuspocusProvider({
    websocketProvider: socket,
    name: docId,
    document: doc,
    onUnsyncedChanges({ number }) {
      if (number === 0) for (const token of typed) acknowledged.add(token);
    },
  });
  provider.attach();
  return {
    name,
    doc,
    get isSynced() {
      return provider.synced;
    },
    typed,
    acknowledged,
    type() {
      const token = `[${name}.${typed.size}]`;
      typed.add(token);
      textOf(doc).insert(textOf(doc).length, token);
    },
    close() {
      provider.destroy();
      socket.destroy();
      doc.destroy();
    },
  };
}
