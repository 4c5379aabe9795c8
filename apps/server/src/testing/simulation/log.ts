import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { follows, formatPosition, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import {
  type AppendResult,
  type LogHead,
  type LogListener,
  type LogPage,
  LogUnavailable,
  type OpenedLog,
  type UpdateLog,
} from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { SimLine } from './line.ts';
import type { SimStore } from './store.ts';

/** Messages between the processes: who listens to what. */
export class SimBus {
  readonly #logs = new Set<SimLog>();

  add(log: SimLog): void {
    this.#logs.add(log);
  }

  delete(log: SimLog): void {
    this.#logs.delete(log);
  }

  entry(docId: DocId, position: Position, update: Uint8Array | null): void {
    for (const log of this.#logs) log.hear(docId, position, update);
  }

  presence(docId: DocId, message: Uint8Array): void {
    for (const log of this.#logs) log.hearPresence(docId, message);
  }

  listenersOf(docId: DocId): number {
    let count = 0;
    for (const log of this.#logs) count += log.listenersOf(docId);
    return count;
  }

  /** Redis was restarted: every subscription ends and is renewed. */
  interrupt(): void {
    for (const log of this.#logs) log.interrupt();
  }
}

/** One process's view of the log. */
export class SimLog implements UpdateLog {
  readonly #store: SimStore;
  readonly #bus: SimBus;
  readonly #line: SimLine;
  readonly #clock: Timers;
  readonly #listeners = new Map<DocId, Set<LogListener>>();
  readonly #interrupted = new Set<() => void>();
  /** The subscriptions are up and nothing comes through them (LOG5). */
  isDeaf = false;
  #isAway = false;

  constructor(store: SimStore, bus: SimBus, line: SimLine, clock: Timers) {
    this.#store = store;
    this.#bus = bus;
    this.#line = line;
    this.#clock = clock;
    bus.add(this);
  }

  open(docId: DocId, after: Position): Promise<OpenedLog> {
    return this.#line.call(`open ${docId} after ${formatPosition(after)}`, () => ({
      ...this.#store.open(docId, after),
      hasOthers: this.#bus.listenersOf(docId) > 1,
    }));
  }

  append(docId: DocId, known: Position, update: Uint8Array): Promise<AppendResult> {
    // A connection to an earlier run of Redis cannot reach a later one.
    const { run } = this.#store;
    return this.#line.call(`append ${docId} knowing ${formatPosition(known)}, ${update.length} bytes`, () =>
      run === this.#store.run ? this.#store.append(docId, known, update) : { kind: 'lost' },
    );
  }

  /** Two steps where the first entry does not follow, as on Redis: the log may change between them. */
  async read(docId: DocId, after: Position, limit: number): Promise<LogPage> {
    const entries = await this.#line.call(`read ${docId} after ${formatPosition(after)}`, () =>
      this.#store.range(docId, after, limit),
    );
    const gap = follows(entries[0]?.position ?? ORIGIN, after)
      ? null
      : await this.#line.call(`look at ${docId}`, () => this.#store.gapAfter(docId, after));
    return gap ? { kind: gap } : { kind: 'entries', entries, more: entries.length === limit };
  }

  heads(docIds: readonly DocId[]): Promise<(LogHead | null)[]> {
    return this.#line.call('heads', () => docIds.map((docId) => this.#store.head(docId)));
  }

  async subscribe(docId: DocId, listener: LogListener): Promise<() => Promise<void>> {
    await this.#line.call(`subscribe ${docId}`, () => {});
    const listeners = this.#listeners.get(docId) ?? new Set();
    this.#listeners.set(docId, listeners.add(listener));
    return async () => {
      listeners.delete(listener);
    };
  }

  publishPresence(docId: DocId, message: Uint8Array): Promise<void> {
    return this.#line.call(`presence ${docId}`, () => this.#bus.presence(docId, message));
  }

  trim(docId: DocId, covered: Position, keepMs: number): Promise<number> {
    return this.#line.call(`trim ${docId} to ${formatPosition(covered)}`, () =>
      this.#store.trim(docId, covered, keepMs),
    );
  }

  remove(docId: DocId): Promise<void> {
    return this.#line.call(`remove ${docId}`, () => this.#store.wipe(docId));
  }

  async *documents(): AsyncIterable<DocId> {
    yield* await this.#line.call('documents', () => this.#store.documents());
  }

  async canary(_nodeId: string, timeoutMs: number): Promise<number> {
    const startedAt = this.#clock.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const cancel = this.#clock.after(timeoutMs, () => reject(new LogUnavailable('the canary is silent')));
    const heard = () => {
      cancel();
      resolve(this.#clock.now() - startedAt);
    };
    this.#line
      .call('canary', () => {
        if (this.#hears) this.#line.deliver('the canary', heard);
      })
      .catch(reject);
    return await promise;
  }

  async resubscribe(): Promise<void> {
    this.isDeaf = false;
    this.interrupt();
  }

  onInterruption(listener: () => void): () => void {
    this.#interrupted.add(listener);
    return () => this.#interrupted.delete(listener);
  }

  async close(): Promise<void> {
    this.#bus.delete(this);
  }

  listenersOf(docId: DocId): number {
    return this.#listeners.get(docId)?.size ?? 0;
  }

  hear(docId: DocId, position: Position, update: Uint8Array | null): void {
    const listeners = this.#listeners.get(docId);
    if (!this.#hears || !listeners?.size) return;
    this.#line.deliver(`${docId} ${position.epoch}-${position.seq}`, () => {
      for (const listener of listeners) listener.entry(position, update);
    });
  }

  hearPresence(docId: DocId, message: Uint8Array): void {
    const listeners = this.#listeners.get(docId);
    if (!this.#hears || !listeners?.size) return;
    this.#line.deliver(`presence of ${docId}`, () => {
      for (const listener of listeners) listener.presence(message);
    });
  }

  /** For a moment nothing is heard; then everything is, and whoever listens is told. */
  interrupt(): void {
    this.#isAway = true;
    this.#clock.after(200, () => {
      this.#isAway = false;
      this.#line.deliver('that it is connected again', () => {
        for (const listener of this.#interrupted) listener();
      });
    });
  }

  get #hears(): boolean {
    return !this.isDeaf && !this.#isAway;
  }
}
