import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type SeededRandom, seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import type { Credentials } from '@kryton/server/testing/sign-up.ts';
import { RecordingClient, type RecordingClientOptions } from './recording-client.ts';

export type CrowdOptions = {
  readonly clients: number;
  readonly docIds: readonly string[];
  /** Base URLs of the nodes; client n starts on node n modulo their number, and goes to the next when disconnected. */
  readonly bases: readonly string[];
  /** Whose clients they all are. */
  readonly as: Credentials;
  readonly connection?: RecordingClientOptions['connection'];
  readonly seed: number;
  /** Mean pause between two edits of one client, in ms. */
  readonly everyMs?: number;
};

/** Many recording clients that keep editing until they are told to stop. */
export class Crowd {
  readonly clients: readonly RecordingClient[];
  readonly #random: SeededRandom;
  readonly #everyMs: number;
  readonly #timers = new Map<RecordingClient, NodeJS.Timeout>();

  constructor({ clients, docIds, bases, as, connection, seed, everyMs = 250 }: CrowdOptions) {
    this.#random = seededRandom(seed);
    this.#everyMs = everyMs;
    this.clients = Array.from({ length: clients }, (_, index) => {
      const first = index % bases.length;
      return new RecordingClient({
        name: `c${index}`,
        docId: docIds[Math.floor(index / bases.length) % docIds.length] ?? 'document',
        bases: [...bases.slice(first), ...bases.slice(0, first)],
        random: seededRandom(this.#random.int(2 ** 31)),
        as,
        ...(connection && { connection }),
      });
    });
  }

  get docIds(): string[] {
    return [...new Set(this.clients.map(({ docId }) => docId))];
  }

  /** The clients that started on the node at `index` of the bases. */
  on(index: number, nodes: number): RecordingClient[] {
    return this.clients.filter((_, client) => client % nodes === index);
  }

  get acknowledged(): number {
    return this.clients.reduce((sum, client) => sum + client.acknowledged, 0);
  }

  get unacknowledged(): number {
    return this.clients.reduce((sum, client) => sum + client.unacknowledged, 0);
  }

  async synced(withinMs = 10_000): Promise<void> {
    await eventually(() => this.clients.every(({ isSynced }) => isSynced), {
      what: 'every client is synced',
      withinMs,
    });
  }

  /** Everybody edits, online or not, each at its own pace. */
  startEditing(): void {
    this.stopEditing();
    for (const client of this.clients) this.#schedule(client);
  }

  stopEditing(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Resolves when `count` more edits than now are acknowledged: the cluster is at work. */
  async progress(count: number, withinMs = 10_000): Promise<void> {
    const from = this.acknowledged;
    await eventually(() => this.acknowledged - from >= count, {
      what: `${count} more edits are acknowledged`,
      withinMs,
    });
  }

  /** Acknowledgement times in ms of edits that were acknowledged after `since` (performance.now). */
  ackTimes(since: number): number[] {
    return this.clients.flatMap(({ ackMs }) => ackMs.filter(({ at }) => at >= since).map(({ ms }) => ms));
  }

  /** For how long the acknowledgements that are still to come have been waited for, in ms. */
  openWaits(): number[] {
    return this.clients.flatMap((client) => client.openWaits());
  }

  /** The longest that any client was not synced after `since`, in ms; absences that last count until now. */
  longestAbsenceMs(since: number): number {
    const absences = this.clients.flatMap((client) => client.absences);
    return Math.max(
      0,
      ...absences.filter(({ until }) => until >= since).map(({ from, until }) => until - from),
    );
  }

  close(): void {
    this.stopEditing();
    for (const client of this.clients) client.close();
  }

  #schedule(client: RecordingClient): void {
    const waitMs = this.#everyMs * (0.5 + this.#random.next());
    const timer = setTimeout(() => {
      client.edit();
      this.#schedule(client);
    }, waitMs);
    this.#timers.set(client, timer);
  }
}
