import type { DocId } from '../protocol/ids.ts';
import { ListeningShards } from '../redis/listening-shards.ts';
import type { RedisTopology } from '../redis/redis-topology.ts';
import type { Position } from './position.ts';
import { RedisUpdateLog, type RedisUpdateLogOptions } from './redis-update-log.ts';
import {
  type AppendResult,
  type LogHead,
  type LogListener,
  type LogPage,
  LogUnavailable,
  type OpenedLog,
  type UpdateLog,
} from './update-log.ts';

export type ClusterUpdateLogOptions = Omit<RedisUpdateLogOptions, 'url' | 'onMoved'> & {
  readonly topology: RedisTopology;
};

/**
 * The log on a Redis Cluster: a {@link RedisUpdateLog} for each master, and each document at the one that has its slot
 * (LOG7). A master that took over from another is another Redis: epochs of its documents begin anew, as after a restart
 * (LOG3). While a shard is away, documents on the others go on.
 */
export class ClusterUpdateLog implements UpdateLog {
  readonly #shards: ListeningShards<RedisUpdateLog>;

  /** Connects to every master; rejects with {@link LogUnavailable} when one cannot be reached. */
  static async connect({ topology, ...options }: ClusterUpdateLogOptions): Promise<ClusterUpdateLog> {
    const shards = await ListeningShards.open({
      topology,
      Unavailable: LogUnavailable,
      onError: options.onError,
      open: (url, onMoved) => RedisUpdateLog.connect({ ...options, url, onMoved }),
    });
    return new ClusterUpdateLog(shards);
  }

  private constructor(shards: ListeningShards<RedisUpdateLog>) {
    this.#shards = shards;
  }

  open(docId: DocId, after: Position): Promise<OpenedLog> {
    return this.#shards.run(docId, (log) => log.open(docId, after));
  }

  append(docId: DocId, known: Position, update: Uint8Array): Promise<AppendResult> {
    return this.#shards.run(docId, (log) => log.append(docId, known, update));
  }

  read(docId: DocId, after: Position, limit: number): Promise<LogPage> {
    return this.#shards.run(docId, (log) => log.read(docId, after, limit));
  }

  async heads(
    docIds: readonly DocId[],
    options?: { readonly isOpen?: boolean },
  ): Promise<(LogHead | null)[]> {
    // Those of one master travel together: its connection pipelines what is sent at once.
    return await Promise.all(
      docIds.map(async (docId) => {
        const [head] = await this.#shards.run(docId, (log) => log.heads([docId], options));
        return head ?? null;
      }),
    );
  }

  subscribe(docId: DocId, listener: LogListener): Promise<() => Promise<void>> {
    return this.#shards.subscribe(docId, (log) => log.subscribe(docId, listener));
  }

  publishPresence(docId: DocId, message: Uint8Array): Promise<void> {
    return this.#shards.run(docId, (log) => log.publishPresence(docId, message));
  }

  trim(docId: DocId, covered: Position, keepMs: number): Promise<number> {
    return this.#shards.run(docId, (log) => log.trim(docId, covered, keepMs));
  }

  remove(docId: DocId): Promise<void> {
    return this.#shards.run(docId, (log) => log.remove(docId));
  }

  async *documents(): AsyncIterable<DocId> {
    for (const log of await this.#shards.all()) yield* log.documents();
  }

  /**
   * One heartbeat for each master, on a channel of one of its slots. A master that answers and is not heard is a dead
   * subscription of this node. One that does not even answer is away for everybody, which is no reason for a node to
   * leave the documents of the others alone; only when none answers is it as if Redis were away.
   */
  async canary(nodeId: string, timeoutMs: number): Promise<number> {
    const { masters } = this.#shards.topology;
    const beats = await Promise.all(masters.map((master) => this.#beat(master, nodeId, timeoutMs)));
    const times = beats.filter((ms) => ms !== null);
    if (times.length === 0) throw new LogUnavailable('no master of the Redis Cluster answers');
    return Math.max(...times);
  }

  /** The round trip in ms, null where the master does not answer; rejects where it does and is not heard. */
  async #beat(master: string, nodeId: string, timeoutMs: number): Promise<number | null> {
    const { topology } = this.#shards;
    const tag = topology.tagOf(master);
    const log = tag === null ? null : await this.#shards.of(`{${tag}}`).catch(() => null);
    if (log === null) return null;
    try {
      return await log.canary(`${nodeId}:{${tag}}`, timeoutMs);
    } catch (error) {
      topology.suspect();
      const answers = await log.ping().then(
        () => true,
        () => false,
      );
      if (answers) throw error;
      return null;
    }
  }

  async resubscribe(): Promise<void> {
    for (const log of await this.#shards.all()) await log.resubscribe();
  }

  onInterruption(listener: () => void): () => void {
    return this.#shards.onInterruption(listener);
  }

  close(): Promise<void> {
    return this.#shards.close();
  }
}
