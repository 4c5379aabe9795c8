import { Piscina } from 'piscina';
import type { DeletedRanges } from '../protocol/state-vector.ts';
import { UpdateRefused } from '../protocol/update-refused.ts';
import { type Folder, FoldFailed, type FoldOutcome } from './folder.ts';
import type { CheckAnswer, FoldTask } from './heavy-tasks.ts';
import { packUpdates } from './packed-updates.ts';

/**
 * Work of more than a few ms, done in threads so that the event loop stays free (ROOM5, SNAP4).
 *
 * Arguments are copied once, packed, and the copy is handed to the thread; results are handed over without a copy.
 * The copy (1 ms for 5 MB) buys that callers keep what they gave: shared memory would spare it, but Yjs decodes text
 * with TextDecoder, which refuses shared memory, and a base state would have to be allocated for it from the start.
 *
 * Every method rejects with {@link HeavyWorkFailed} when the time limit passed or the thread ran out of memory.
 */
export interface HeavyWork extends Folder {
  /** The part of `update` that a document with `stateVector` (encoded) lacks; the delete set is always whole. */
  diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array>;
  /** One update with the effect of all in this order; see `mergeMany` and `newParts`. */
  mergeMany(updates: readonly Uint8Array[]): Promise<Uint8Array>;
  /** The encoded state vector of what `update` holds. */
  stateVectorOf(update: Uint8Array): Promise<Uint8Array>;
  /** Everything that `update` deletes. */
  deletedRanges(update: Uint8Array): Promise<DeletedRanges>;
  /** Resolves when `update` may enter a document, rejects with `UpdateRefused` when not. */
  check(update: Uint8Array): Promise<void>;
  /** The document as JSON text, in UTF-8; see `renderJson`. */
  jsonOf(update: Uint8Array): Promise<Uint8Array>;
  /** The text of one root type, in UTF-8; see `renderText`. */
  textOf(update: Uint8Array, root: string): Promise<Uint8Array>;
  /** Ends the threads; what they were doing rejects. */
  close(): Promise<void>;
}

/** Threads for {@link HeavyWork}. */
export interface HeavyThreads extends HeavyWork {
  /**
   * Resolves when a thread is there and has loaded what it needs: half a second of a core, which nobody should wait for
   * who comes first.
   */
  warm(): Promise<void>;
}

/** The thread gave up: the time limit, the memory cap, or an error named by `cause`. */
export class HeavyWorkFailed extends Error {
  override readonly name = 'HeavyWorkFailed';
}

export type HeavyWorkOptions = {
  /** Threads that are always there, because the first task of a new one waits a third of a second; 0 unless told. */
  readonly minThreads?: number;
  /** Threads at most; they start when needed and end after half a minute without work. */
  readonly maxThreads: number;
  /** Heap of each thread in MiB. What exceeds it fails alone: the process lives on. */
  readonly memoryMb: number;
  /** Limit of one task in ms, waiting for a thread included; 60,000 unless told. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 60_000;
const EMPTY_UPDATE = Uint8Array.of(0, 0);
const IDLE_MS = 30_000;

/** Starts the pool; threads of it start with the first tasks. */
export function createHeavyWork(options: HeavyWorkOptions): HeavyThreads {
  return new ThreadedWork(options);
}

class ThreadedWork implements HeavyThreads {
  readonly #pool: Piscina;
  readonly #timeoutMs: number;

  constructor({ minThreads = 0, maxThreads, memoryMb, timeoutMs = TIMEOUT_MS }: HeavyWorkOptions) {
    this.#timeoutMs = timeoutMs;
    this.#pool = new Piscina({
      filename: new URL('./heavy-thread.ts', import.meta.url).href,
      minThreads,
      maxThreads,
      idleTimeout: IDLE_MS,
      // With NODE_ENV=development Yjs freezes values as it reads them, and fails on binary inside of JSON.
      env: { ...process.env, NODE_ENV: 'production' },
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    // A thread that dies (memory) fails its task, which is how it is noticed; the pool starts another.
    this.#pool.on('error', () => {});
  }

  async fold(state: Uint8Array | null, updates: readonly Uint8Array[]): Promise<FoldOutcome> {
    const packed = packUpdates(updates);
    const ownState = state && Uint8Array.from(state);
    const task: FoldTask = { state: ownState, updates: packed };
    const buffers = [packed.bytes.buffer, packed.lengths.buffer, ...(ownState ? [ownState.buffer] : [])];
    try {
      return await this.#run<FoldOutcome>('fold', task, buffers);
    } catch (error) {
      throw new FoldFailed(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array> {
    const own = Uint8Array.from(update);
    // A small array may be a view on a large buffer, which would travel whole: hence a copy of this too.
    return this.#run('diff', { update: own, stateVector: Uint8Array.from(stateVector) }, [own.buffer]);
  }

  mergeMany(updates: readonly Uint8Array[]): Promise<Uint8Array> {
    const packed = packUpdates(updates);
    return this.#run('mergeAll', packed, [packed.bytes.buffer, packed.lengths.buffer]);
  }

  stateVectorOf(update: Uint8Array): Promise<Uint8Array> {
    return this.#runOn('stateVectorOf', update);
  }

  deletedRanges(update: Uint8Array): Promise<DeletedRanges> {
    return this.#runOn('deletedRanges', update);
  }

  async check(update: Uint8Array): Promise<void> {
    const refusal = await this.#runOn<CheckAnswer>('check', update);
    if (refusal) throw new UpdateRefused(refusal.code, refusal.message);
  }

  jsonOf(update: Uint8Array): Promise<Uint8Array> {
    return this.#runOn('jsonOf', update);
  }

  textOf(update: Uint8Array, root: string): Promise<Uint8Array> {
    const own = Uint8Array.from(update);
    return this.#run('textOf', { update: own, root }, [own.buffer]);
  }

  async warm(): Promise<void> {
    await this.stateVectorOf(EMPTY_UPDATE);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #runOn<Result>(name: string, update: Uint8Array): Promise<Result> {
    const own = Uint8Array.from(update);
    return this.#run(name, own, [own.buffer]);
  }

  async #run<Result>(name: string, task: unknown, transferList: ArrayBuffer[]): Promise<Result> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      // Aborting a task that runs ends its thread.
      return await this.#pool.run(task, { name, transferList, signal });
    } catch (cause) {
      const because = signal.aborted
        ? `it took longer than ${this.#timeoutMs} ms`
        : cause instanceof Error
          ? cause.message
          : String(cause);
      throw new HeavyWorkFailed(`${name} was given up: ${because}`, { cause });
    }
  }
}
