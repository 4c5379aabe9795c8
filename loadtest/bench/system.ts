import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';
import type { Folding } from './folding.ts';

/** One process of a system, and what its CPU is counted as. */
export type Part = {
  /** `node`, `worker`, `redis`, `database`: the columns of the report. */
  readonly role: string;
  readonly process: RunningProcess;
  /** Whether its CPU is in the figures. A database is shown beside them: the alternatives run without one. */
  readonly isCounted: boolean;
  /** Where it tells its own figures in Prometheus' form, where it does. */
  readonly metricsUrl?: string;
};

export type Headers = Readonly<Record<string, string>>;

/** Where a client connects, and what says who it is. */
export type Door = {
  readonly url: string;
  readonly headers: Headers;
  /** That of y-websocket unless told. */
  readonly dialect?: Dialect;
};

/** How a protocol differs from that of y-websocket, whose messages of sync and awareness it has all the same; others are passed over. */
export type Dialect = {
  /** What stands before every message, in both directions. */
  readonly address: Uint8Array;
  /** The message with which a client begins. */
  readonly greeting: Uint8Array;
};

/**
 * A collaboration server as the scenarios see it: its processes, and where a client of a document connects. What is
 * measured speaks the y-websocket protocol or a dialect of it; how it starts, stores and stops is its own matter.
 */
export type SystemUnderTest = {
  readonly name: string;
  /** How many nodes a client can choose from. */
  readonly nodeCount: number;
  /** Of its Redis, on 127.0.0.1. */
  readonly redisPort: number;
  /** Where there is a log that a worker folds. */
  readonly folding?: Folding;
  /** What a newcomer is answered from. */
  readonly holds: Holds;
  /** Ids of new documents that may be opened, each with somebody who may. */
  documents(count: number): Promise<string[]>;
  /** How one more client opens a document on node `node` (counted from 0). */
  doorOf(node: number, docId: string): Door;
  /** The processes as they run now; nodes change with {@link restartNodes}. */
  parts(): readonly Part[];
  /**
   * Resolves when the document is where it will be loaded from after a restart (for Kryton: folded into a snapshot).
   * Rejects when that takes longer than a minute, and where a system holds nothing in a storage.
   */
  persisted(docId: string): Promise<void>;
  /** Replaces the nodes by fresh ones, so that nothing is in their memory. */
  restartNodes(): Promise<void>;
  /** Ends everything that was started and removes its data. */
  stop(): Promise<void>;
};

/**
 * `storage`: also by nodes that have just started. `open documents`: as long as somebody is in them. `nothing`: what
 * was sent before somebody came is unknown to them.
 */
export type Holds = 'storage' | 'open documents' | 'nothing';

/** Of how many nodes a system is: 2 unless told. */
export type SystemSize = { readonly nodes?: number };

export const DEFAULT_NODES = 2;

/** Starts a system on free ports, its processes pinned to the servers' core, and resolves when its nodes are ready. */
export type StartSystem = (size?: SystemSize) => Promise<SystemUnderTest>;

/** The processes whose memory counts. */
export function nodesOf(system: SystemUnderTest): readonly RunningProcess[] {
  return system
    .parts()
    .filter(({ role }) => role === 'node')
    .map(({ process }) => process);
}
