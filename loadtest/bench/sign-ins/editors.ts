import { randomUUID } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type Credentials, signedInSocket, signUp } from '@kryton/server/testing/sign-up.ts';
import { type Kysely, sql } from 'kysely';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { Latencies } from '../latencies.ts';

/** From an edit to its arrival at another editor, in ms, by the nodes of the two. */
export type Deliveries = {
  /** Both on the node that is stormed. */
  readonly within: Latencies;
  /** One on it, the other on another. */
  readonly across: Latencies;
  /** Neither on it: what the machine and the stores add to everybody. */
  readonly elsewhere: Latencies;
};

type Editor = { readonly index: number; readonly node: number; readonly edits: Y.Array<number[]> };

const EDITORS_EACH = 4;
const EDITS_PER_S = 2;
const SYNCED_WITHIN_MS = 30_000;
const ARRIVE_WITHIN_MS = 30_000;

/**
 * People with stock y-websocket clients, four in a document and two of these on each node, who edit at a steady rate.
 * They signed up at the first node, which is the one that is stormed.
 */
export class Editors {
  #deliveries = newDeliveries();
  #received = 0;
  #sent = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #editors: Editor[] = [];
  readonly #providers: WebsocketProvider[] = [];

  /** Resolves when `count` of them are there and everybody has the document. */
  static async gather(database: Kysely<Database>, bases: readonly string[], count: number): Promise<Editors> {
    const people: Credentials[] = [];
    for (let index = 0; index < count; index++) people.push(await signUp(bases[0] ?? '', 'Editor'));
    const docIds = Array.from({ length: Math.ceil(count / EDITORS_EACH) }, () => randomUUID());
    await sql`INSERT INTO documents (id) SELECT unnest(${docIds}::text[])`.execute(database);
    await sql`
      INSERT INTO document_grants (doc_id, principal_id, role)
      SELECT documents.id, 'user:' || "user".id, 'editor' FROM documents, "user" WHERE "user".name = 'Editor'
    `.execute(database);
    const editors = new Editors();
    for (const [index, person] of people.entries()) {
      editors.#join(
        index,
        index % bases.length,
        bases,
        docIds[Math.floor(index / EDITORS_EACH)] ?? '',
        person,
      );
    }
    await eventually(() => editors.#providers.every(({ synced }) => synced), {
      what: 'every editor has its document',
      withinMs: SYNCED_WITHIN_MS,
    });
    return editors;
  }

  /** Everybody edits twice a second, one after the other at even distances, neighbours in a document far apart. */
  startEditing(): void {
    const everyMs = 1_000 / EDITS_PER_S / this.#editors.length;
    const startedAt = performance.now();
    let done = 0;
    this.#timer = setInterval(() => {
      for (const due = (performance.now() - startedAt) / everyMs; done < due; done++) {
        const place = done % this.#editors.length;
        const documents = Math.ceil(this.#editors.length / EDITORS_EACH);
        const index = (place % documents) * EDITORS_EACH + Math.floor(place / documents);
        this.#editors[index]?.edits.push([[index, performance.now()]]);
        this.#sent += 1;
      }
    }, 1);
  }

  /** The deliveries since the last call. */
  take(): Deliveries {
    const taken = this.#deliveries;
    this.#deliveries = newDeliveries();
    return taken;
  }

  /** Stops and resolves with the deliveries that never came. Rejects when somebody was disconnected meanwhile. */
  async finish(): Promise<number> {
    if (this.#timer) clearInterval(this.#timer);
    const owed = () => this.#sent * (EDITORS_EACH - 1) - this.#received;
    const arrived = { what: 'every edit has arrived', withinMs: ARRIVE_WITHIN_MS };
    await eventually(() => owed() === 0, arrived).catch(() => {});
    const missing = owed();
    for (const provider of this.#providers) {
      provider.destroy();
      // Its timer would keep the process for ever.
      provider.awareness.destroy();
    }
    return missing;
  }

  #join(index: number, node: number, bases: readonly string[], docId: string, as: Credentials): void {
    const doc = new Y.Doc();
    const edits = doc.getArray<number[]>('edits');
    edits.observe(({ changes }, { local }) => {
      if (local) return;
      const now = performance.now();
      for (const { insert } of changes.delta) {
        if (!Array.isArray(insert)) continue;
        for (const [sender = 0, sentAt = 0] of insert)
          this.#delivered(sender % bases.length, node, now - sentAt);
      }
    });
    this.#editors.push({ index, node, edits });
    const options = { WebSocketPolyfill: signedInSocket(as), disableBc: true };
    this.#providers.push(new WebsocketProvider(`${bases[node]}/ws/yjs`, docId, doc, options));
  }

  #delivered(from: number, to: number, ms: number): void {
    this.#received += 1;
    const { within, across, elsewhere } = this.#deliveries;
    const latencies = from !== to ? across : to === 0 ? within : elsewhere;
    latencies.add(ms);
  }
}

function newDeliveries(): Deliveries {
  return { within: new Latencies(), across: new Latencies(), elsewhere: new Latencies() };
}
