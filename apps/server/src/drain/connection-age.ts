import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

/**
 * Each connection gets a random part of the maximum age, from here to the whole of it: those that came together, after
 * a rollout, do not leave together.
 */
const SHORTEST_SHARE = 0.5;
/** In a second at most this many times as many as leave on average: the ages of a crowd fall together by chance too. */
const PACE = 2;
const MS_PER_S = 1_000;

type AgingConnection = {
  readonly isOpen: boolean;
  readonly isSettled: boolean;
  close(kind: 'rebalanced'): void;
};

export type ConnectionAgeParts = {
  readonly connections: { onAdded(listener: (connection: AgingConnection) => void): () => void };
  readonly timers: Pick<Timers, 'now'>;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** In ms; 0: connections may stay for ever. */
  readonly maxAgeMs: number;
};

/**
 * Asks connections that are old to connect again, so that the proxy gives them to whichever node has the fewest: a
 * WebSocket stays for days, and without this a node that was added stays empty.
 *
 * A stock client comes back 0.1 s after a 1012. What it has sent is gathered by the room, which appends it whoever has
 * left; what was still on its way it brings back when it syncs. One that has not had its document yet is left alone:
 * over a slow line it would begin again and again.
 */
export class ConnectionAge {
  readonly #parts: ConnectionAgeParts;
  /** When each is old, in ms, in the order in which they came. */
  readonly #oldAt = new Map<AgingConnection, number>();

  constructor(parts: ConnectionAgeParts) {
    this.#parts = parts;
    const { connections, timers, random, maxAgeMs } = parts;
    if (maxAgeMs === 0) return;
    connections.onAdded((connection) => {
      const share = SHORTEST_SHARE + random() * (1 - SHORTEST_SHARE);
      this.#oldAt.set(connection, timers.now() + share * maxAgeMs);
    });
  }

  /** Called once a second; who is not sent away now, because of the pace, is next time. */
  tick(): void {
    const { timers, maxAgeMs } = this.#parts;
    const now = timers.now();
    let left = Math.ceil((PACE * this.#oldAt.size * MS_PER_S) / maxAgeMs);
    for (const [connection, oldAt] of this.#oldAt) {
      if (!connection.isOpen) this.#oldAt.delete(connection);
      else if (left > 0 && now >= oldAt && connection.isSettled) {
        left--;
        this.#oldAt.delete(connection);
        connection.close('rebalanced');
      }
    }
  }
}
