import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { PreparedFrame } from './prepared-frame.ts';
import type { PresenceOwner } from './presence-board.ts';

/** A connection as its room sees it. Its outbox decides what a slow reader still gets (ROOM4). */
export interface Member extends PresenceOwner {
  /** Queues an answer to this client, whatever else is queued. */
  send(frame: PreparedFrame): void;
  /** Queues an update; false when the outbox is over its high mark, and then the frame was not queued. */
  deliver(frame: PreparedFrame): boolean;
  /** Queues presence, or drops it where the reader is slow: presence goes first. */
  deliverPresence(frame: PreparedFrame): void;
  /** Stops and resumes reading from the socket, while the log does not keep up. */
  pause(): void;
  resume(): void;
  close(kind: CloseKind): void;
}
