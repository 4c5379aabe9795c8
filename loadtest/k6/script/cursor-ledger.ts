import { presenceLatency } from './measures.ts';
import type { YjsSession } from './yjs-session.ts';

/** Where somebody is: how often they have moved, when last (ms since 1970), and on which node. */
type Cursor = { readonly count: number; readonly atMs: number; readonly node: string };

/** Moves a session's cursor, and watches those of the others. Only the latest place of each counts. */
export class CursorLedger {
  readonly #session: YjsSession;
  #count = 0;

  constructor(session: YjsSession) {
    this.#session = session;
    const seen = new Map<number, number>();
    session.awareness.on('change', ({ updated }: { readonly updated: number[] }, origin: unknown) => {
      if (origin !== session) return;
      for (const clientId of updated) {
        const cursor = this.#cursorOf(clientId);
        if (!cursor || (seen.get(clientId) ?? 0) >= cursor.count) continue;
        seen.set(clientId, cursor.count);
        const path = cursor.node === session.node ? 'same' : 'across';
        presenceLatency.add(session.receivedAtMs - cursor.atMs, { path });
      }
    });
  }

  move(): void {
    this.#count += 1;
    const cursor: Cursor = { count: this.#count, atMs: Date.now(), node: this.#session.node ?? '' };
    this.#session.awareness.setLocalStateField('cursor', cursor);
  }

  /** How many of `others`, in the same document, it does not see where they are. */
  missing(others: readonly CursorLedger[]): number {
    const isSeen = (other: CursorLedger) => {
      const cursor = this.#cursorOf(other.#session.doc.clientID);
      return (cursor?.count ?? 0) === other.#count;
    };
    return others.filter((other) => other !== this && !isSeen(other)).length;
  }

  #cursorOf(clientId: number): Cursor | undefined {
    const cursor: unknown = this.#session.awareness.getStates().get(clientId)?.['cursor'];
    return isCursor(cursor) ? cursor : undefined;
  }
}

function isCursor(value: unknown): value is Cursor {
  return (
    typeof value === 'object' && value !== null && 'count' in value && 'atMs' in value && 'node' in value
  );
}
