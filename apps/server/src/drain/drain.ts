import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';

/** A stock client comes back after 200 ms without jitter, so a crowd is sent away in this many steps. */
const BATCHES = 20;

export type DrainParts = {
  readonly connections: {
    closeAll(kind: 'draining', batches: number, pauseBetween: () => Promise<void>): Promise<void>;
  };
  readonly rooms: { drain(): Promise<void> };
  readonly timers: Timers;
  /** Over how long the connections are sent away, in ms. */
  readonly drainMs: number;
};

/**
 * Leaving without being noticed (DRAIN1): the clients of this node are closed with 1012 in paced batches and find
 * another one, and what they sent last is appended before the node is gone. New upgrades are refused by the caller's
 * state before this begins.
 */
export async function drainNode({ connections, rooms, timers, drainMs }: DrainParts): Promise<void> {
  await connections.closeAll('draining', BATCHES, () => pause(timers, drainMs / BATCHES));
  await rooms.drain();
}
