import { eventually } from '@kryton/engine/testing/eventually.ts';
import { BenchClient } from '../bench-client.ts';
import { Latencies } from '../latencies.ts';
import { Ledger, type Window } from '../ledger.ts';
import { prepareEdits } from '../prepared-actions.ts';
import type { SystemUnderTest } from '../system.ts';

const CLIENT_ID = 3_500_000_000;
const EDIT_EVERY_MS = 100;
const MOST_EDITS = 3_000;
const ARRIVE_WITHIN_MS = 30_000;
const WRITER = 0;
const READER = 1;

/** Somebody who writes ten edits a second on the first node, and somebody who reads them on the last. */
export class EditingPair {
  readonly #clients: readonly BenchClient[];
  readonly #ledger: Ledger;
  readonly #window: { -readonly [Name in keyof Window]: Window[Name] };
  #stop: () => void = () => {};

  private constructor(clients: readonly BenchClient[]) {
    this.#clients = clients;
    this.#window = { isOpen: true, sent: 0, delivered: 0, frames: 0, latencies: new Latencies() };
    this.#ledger = new Ledger(clients.length, this.#window);
  }

  /** Resolves once both have the document and the first edit is on its way. */
  static async begin(system: SystemUnderTest, docId: string): Promise<EditingPair> {
    const writer = await BenchClient.join(system.doorOf(0, docId));
    const reader = await BenchClient.join(system.doorOf(system.nodeCount - 1, docId));
    const pair = new EditingPair([writer, reader]);
    reader.onFrame = (frame) => pair.#ledger.received(READER, frame);
    pair.#write(writer);
    return pair;
  }

  /** How long the edits took that arrived since it was last asked. */
  take(): Latencies {
    const { latencies } = this.#window;
    this.#window.latencies = new Latencies();
    return latencies;
  }

  /** Ends it and resolves with the edits that had not arrived half a minute later. Rejects when a connection was lost. */
  async end(): Promise<number> {
    this.#stop();
    const arrived = { what: 'every edit has arrived', withinMs: ARRIVE_WITHIN_MS, everyMs: 200 };
    await eventually(() => this.#ledger.missing === 0, arrived).catch(() => {});
    const lost = this.#clients.filter((client) => !client.isOpen).length;
    if (lost > 0) throw new Error(`${lost} of the editors lost their connection`);
    for (const client of this.#clients) client.close();
    return this.#ledger.missing;
  }

  #write(writer: BenchClient): void {
    const edits = prepareEdits(CLIENT_ID, MOST_EDITS).values();
    const timer = setInterval(() => {
      const { value: edit } = edits.next();
      if (!edit) throw new Error(`more than the ${MOST_EDITS} edits that were prepared`);
      this.#ledger.sendingEdit(WRITER, CLIENT_ID);
      writer.send(edit);
    }, EDIT_EVERY_MS);
    this.#stop = () => clearInterval(timer);
  }
}
