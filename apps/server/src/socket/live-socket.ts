import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Claim } from '../access/access.ts';
import type { Role } from '../access/role.ts';

/** What a node does with every open WebSocket, whatever is spoken on it. Times are ticks of its clock, in s. */
export interface LiveSocket {
  /** Whose it is and what it is about: looked up again when something may have ended (ACC2). */
  readonly claim: Claim;
  /** False from the moment at which its end was begun. */
  readonly isOpen: boolean;
  /** False until it has all that it asked for when it connected. */
  readonly isSettled: boolean;
  /** When something was last sent to it, and heard from it. */
  readonly sentAt: number;
  readonly heardAt: number;
  /** Messages that came in so far. */
  readonly received: number;
  /** Bytes that the network has not taken yet. */
  readonly outboxBytes: number;
  /** Says something, because nothing else was said for long (WIRE4). */
  keepAlive(): void;
  ping(): void;
  /** From the next message on it may do what `role` may. */
  setRole(role: Role): void;
  /** Ends the socket without a word: nobody is there to hear one. */
  terminate(): void;
  close(kind: CloseKind, detail?: string): void;
}

/** Whose WebSocket it is, for what is limited. */
export type Owner = {
  /** Whose share of the limits: `limitedAs` a principal. */
  readonly principal: string;
  /** The network of the client's address. */
  readonly network: string;
  /** The document that is open; null for a WebSocket that is about none. */
  readonly docId: DocId | null;
};
