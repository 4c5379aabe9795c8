import type { Socket } from 'node:net';
import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { ConnectionId, DocId } from '@kryton/engine/protocol/ids.ts';
import type { WebSocket } from 'ws';
import type { Role } from '../access/role.ts';
import type { Principal } from '../auth/principal.ts';
import type { RoomLogger } from '../room/room-ports.ts';
import type { PaceLimits } from './pace.ts';
import type { Turns } from './turns.ts';

/** What bounds one connection. */
export type ConnectionLimits = Omit<PaceLimits, 'burstBytes'> & {
  readonly messageBytes: number;
  readonly outboxBytes: number;
};

export type ConnectionParts = {
  readonly id: ConnectionId;
  readonly socket: WebSocket;
  readonly stream: Socket;
  readonly principal: Principal;
  readonly docId: DocId;
  /** At the start; it may change. */
  readonly role: Role;
  readonly nodeName: string;
  readonly heavy: HeavyWork;
  readonly logger: RoomLogger;
  readonly timers: Timers;
  /** The node's queue for answers that take a moment. */
  readonly turns: Turns;
  readonly limits: ConnectionLimits;
  /** The node ends this connection. */
  readonly onClose: (kind: CloseKind) => void;
  /** The tick of the node's keep-alive clock, in s. */
  readonly tick: () => number;
};
