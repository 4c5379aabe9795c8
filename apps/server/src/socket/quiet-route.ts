import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { CLOSE_CODES, type CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Claim } from '../access/access.ts';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../http/errors.ts';
import { type AdmissionParts, admitOneMore, admitToNode, counted, identify } from './admission.ts';
import type { Connections } from './connections.ts';
import type { LiveSocket, Owner } from './live-socket.ts';

/** `~` is in no document id and no plugin's. On both ways that sockets take: a proxy may treat them differently. */
const PATHS = ['/ws/yjs/~quiet', '/ws/plugins/~quiet'];
/** Enough to prove a timeout of an hour. */
const LONGEST_MS = 2 * 60 * 60_000;
/** Of all who ask: an operator needs one or two. */
const MOST_AT_ONCE = 8;
const RETRY_S = 60;

export type QuietRouteParts = AdmissionParts & {
  readonly connections: Connections;
  readonly timers: Timers;
};

/**
 * WebSockets on which the node says nothing, not even a ping: on every other it speaks each 20 s, so that nobody could
 * find out what a proxy in between does to a connection that is idle. For `npm run doctor`; behind what every upgrade
 * is asked, few at once, not for ever, and whoever speaks on one is sent away.
 */
export function registerQuietRoutes(app: FastifyInstance, parts: QuietRouteParts): void {
  const { connections, timers, counts } = parts;
  let open = 0;
  for (const path of PATHS) {
    const admitted = new WeakMap<FastifyRequest['raw'], { principal: Principal; owner: Owner }>();
    app.get(
      path,
      {
        websocket: true,
        preValidation: async (request) => {
          const admission = await counted(parts, async () => {
            admitToNode(parts);
            const principal = await identify(request, parts);
            if (open >= MOST_AT_ONCE) throw new ApiError('full', { retryAfterS: RETRY_S });
            return { principal, owner: admitOneMore(request, principal, null, parts) };
          });
          admitted.set(request.raw, admission);
        },
      },
      (socket: WebSocket, request) => {
        const admission = admitted.get(request.raw);
        if (!admission) throw new ApiError('internal');
        const connection = new QuietConnection(socket, admission.principal, {
          tick: () => connections.now,
          onClose: (kind) => counts.closed(kind),
        });
        open += 1;
        connections.add(connection, admission.owner);
        counts.accepted();
        const cancel = timers.after(LONGEST_MS, () => connection.close('rebalanced'));
        socket.removeAllListeners('error');
        socket.on('error', () => socket.terminate());
        socket.on('message', () => connection.close('malformed'));
        socket.on('close', () => {
          cancel();
          open -= 1;
          connection.ended();
          connections.delete(connection);
        });
      },
    );
  }
}

type Surroundings = { readonly tick: () => number; readonly onClose: (kind: CloseKind) => void };

/** One of them, as the node keeps it. */
export class QuietConnection implements LiveSocket {
  readonly claim: Claim;
  readonly isSettled = true;
  /** Never due to be spoken to. */
  readonly sentAt = Number.POSITIVE_INFINITY;
  readonly received = 0;
  readonly outboxBytes = 0;
  readonly #socket: WebSocket;
  readonly #surroundings: Surroundings;
  #isOpen = true;

  constructor(socket: WebSocket, principal: Principal, surroundings: Surroundings) {
    this.claim = { principal, docId: null };
    this.#socket = socket;
    this.#surroundings = surroundings;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Silence is what it is for: nobody asks whether it is still there, and it is not ended for it. */
  get heardAt(): number {
    return this.#surroundings.tick();
  }

  keepAlive(): void {}

  ping(): void {}

  setRole(): void {}

  ended(): void {
    this.#isOpen = false;
  }

  terminate(): void {
    this.#socket.terminate();
  }

  close(kind: CloseKind): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#surroundings.onClose(kind);
    const { code, reason } = CLOSE_CODES[kind];
    this.#socket.close(code, reason);
  }
}
