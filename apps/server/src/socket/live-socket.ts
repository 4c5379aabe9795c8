import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';

/** What a node does with every open WebSocket, whatever is spoken on it. Times are ticks of its clock, in s. */
export interface LiveSocket {
  /** When something was last sent to it, and heard from it. */
  readonly sentAt: number;
  readonly heardAt: number;
  /** Bytes that the network has not taken yet. */
  readonly outboxBytes: number;
  /** Says something, because nothing else was said for long (WIRE4). */
  keepAlive(): void;
  ping(): void;
  /** Ends the socket without a word: nobody is there to hear one. */
  terminate(): void;
  close(kind: CloseKind, detail?: string): void;
}
