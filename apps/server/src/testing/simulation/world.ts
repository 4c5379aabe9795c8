import type { FoldParts } from '@kryton/engine/compaction/fold.ts';
import { formatPosition } from '@kryton/engine/log/position.ts';
import { LogUnavailable } from '@kryton/engine/log/update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { type SnapshotStore, SnapshotsUnavailable } from '@kryton/engine/snapshots/snapshot-store.ts';
import { type SeededRandom, seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { SimClient } from './client.ts';
import { SimClock } from './clock.ts';
import type { SimContext } from './context.ts';
import { type LineFaults, NO_FAULTS, SimLine } from './line.ts';
import { SimBus, SimLog } from './log.ts';
import { SimNode } from './node.ts';
import type { SimProcess } from './process.ts';
import type { ClockRange } from './receipts.ts';
import { SimStore } from './store.ts';
import { SimJobs, SimWorker } from './worker.ts';

/** Up to where updates travel with their announcement; 256 KB in the product. */
const INLINE_BYTES = [60, 250, 256 * 1024];

/** When the clock of the stores stands at zero: 14 November 2023. */
const STORE_STARTS_AT_MS = 1_700_000_000_000;

export type WorldOptions = {
  /** Whether what happens is written down. */
  readonly isTracing?: boolean;
  /** A store that does something wrong, to see that it is found. */
  readonly store?: typeof SimStore;
  /** A way to the log that does something wrong. */
  readonly log?: typeof SimLog;
};

/** Everything of one run: the clock, the stores, and whoever is connected to them. */
export class World implements SimContext {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly clock = new SimClock();
  readonly bus = new SimBus();
  readonly store: SimStore;
  readonly Log: typeof SimLog;
  readonly jobs: SimJobs;
  readonly docIds: readonly DocId[];
  readonly clients: SimClient[] = [];
  readonly lines: string[] = [];
  /** How often each kind of thing happened. */
  readonly counts = new Map<string, number>();
  readonly problems: string[] = [];
  readonly #isTracing: boolean;
  readonly #nodes = new Map<string, SimNode>();
  readonly #workers = new Map<string, SimWorker>();
  faults: LineFaults = NO_FAULTS;
  /** The troubles are over. */
  isCalm = false;
  /** Virtual time until which nobody reaches the store, in ms. */
  redisAwayUntil = 0;
  postgresAwayUntil = 0;
  /** The share of edits that bring tens of KB at once. */
  readonly pastes: number;
  readonly quarantine: FoldParts['quarantine'] = {
    setAside: async (item) => this.wrong(`${item.docId}: something was set aside: ${item.reason}`),
    isSetAside: async () => false,
    removeAll: async () => {},
  };

  constructor(seed: number, { isTracing = false, store: Store = SimStore, log = SimLog }: WorldOptions = {}) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.#isTracing = isTracing;
    this.Log = log;
    const inlineBytes = this.random.pick(INLINE_BYTES);
    this.store = new Store(
      () => STORE_STARTS_AT_MS + this.clock.now(),
      (docId, position, update) => {
        const isInline = update !== null && update.length <= inlineBytes;
        this.bus.entry(docId, position, isInline ? update : null);
      },
    );
    this.pastes = this.random.chance(0.1) ? 0.02 : 0;
    this.jobs = new SimJobs(this);
    this.docIds = ['a', 'b'].map((name) => documentId(name)).slice(0, 1 + this.random.int(2));
  }

  readonly trace = (what: string): void => {
    if (this.#isTracing) this.lines.push(`${this.clock.now().toFixed(1).padStart(9)}  ${what}`);
  };

  readonly count = (what: string): void => {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  };

  /** The promise is broken. */
  wrong(problem: string): void {
    this.trace(`WRONG ${problem}`);
    this.problems.push(problem);
  }

  nodes(): SimNode[] {
    return [...this.#nodes.values()];
  }

  workers(): SimWorker[] {
    return [...this.#workers.values()];
  }

  startNode(name: string): SimNode {
    this.trace(`${name} starts`);
    const node = new SimNode(this, name);
    this.#nodes.set(name, node);
    return node;
  }

  startWorker(name: string): void {
    this.trace(`${name} starts`);
    this.#workers.set(name, new SimWorker(this, name));
  }

  /** Starts it again after a while, unless somebody else has done so by then. */
  died(name: string): void {
    const [node, worker] = [this.#nodes.get(name), this.#workers.get(name)];
    this.clock.after(200 + this.random.next() * 4_000, () => {
      if (node && this.#nodes.get(name) === node) this.startNode(name);
      if (worker && this.#workers.get(name) === worker) this.startWorker(name);
    });
  }

  redisLine(process: SimProcess): SimLine {
    const isAway = () => this.clock.now() < this.redisAwayUntil;
    return this.#line(process, isAway, (message) => new LogUnavailable(message));
  }

  sqlLine(process: SimProcess): SimLine {
    const isAway = () => this.clock.now() < this.postgresAwayUntil;
    return this.#line(
      process,
      isAway,
      (message) => new SnapshotsUnavailable(message, { cause: new Error('PostgreSQL') }),
    );
  }

  addClient(name: string): void {
    this.clients.push(new SimClient(this, name, this.random.pick(this.docIds)));
  }

  /** A client of the document heard these structs from its node. */
  heard(docId: DocId, ranges: readonly ClockRange[]): void {
    for (const client of this.clients) if (client.docId === docId) client.isStored(ranges);
  }

  /** The snapshots as a process sees them over its line. */
  snapshotsOver(line: SimLine): SnapshotStore {
    const { store } = this;
    return {
      load: (docId) => line.call(`loading the snapshot of ${docId}`, () => store.load(docId)),
      position: (docId) =>
        line.call(`asking for the snapshot of ${docId}`, () => store.load(docId)?.position ?? null),
      positions: (docIds) =>
        line.call('asking for snapshots', () => docIds.map((docId) => store.load(docId)?.position ?? null)),
      commit: (docId, snapshot) =>
        line.call(`committing a snapshot of ${docId} at ${formatPosition(snapshot.position)}`, () =>
          store.commit(docId, snapshot),
        ),
      isDeleted: (docId) => line.call(`asking whether ${docId} is deleted`, () => store.isDeleted(docId)),
      remove: (docId) => line.call(`removing the snapshot of ${docId}`, () => store.forgetSnapshot(docId)),
      remainsOfDeleted: (withinMs) =>
        line.call('asking what is left', () => store.remainsOfDeleted(withinMs)),
    };
  }

  #line(process: SimProcess, isAway: () => boolean, unavailable: (message: string) => Error): SimLine {
    const { clock, random, trace, count } = this;
    const faults = () => this.faults;
    return new SimLine({ process, clock, random, faults, isAway, unavailable, trace, count });
  }
}

function documentId(name: string): DocId {
  const docId = parseDocId(name);
  if (docId === null) throw new Error(`${name} is no document id`);
  return docId;
}
