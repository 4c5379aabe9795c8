import type { Socket } from 'node:net';
import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { makeConnectionId, type NodeId } from '@kryton/engine/protocol/ids.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../http/errors.ts';
import type { RoomLogger } from '../room/room-ports.ts';
import type { Rooms } from '../room/rooms.ts';
import {
  type AdmissionParts,
  admitOneMore,
  admitToNode,
  admitToOpen,
  type ConnectionCaps,
  counted,
  type DocumentAdmission,
  docIdOf,
  identify,
} from './admission.ts';
import { traceConnect, traceRefusal, traceUnopened } from './connect-traces.ts';
import { Connection } from './connection.ts';
import type { ConnectionLimits } from './connection-parts.ts';
import type { Connections } from './connections.ts';
import type { Owner } from './live-socket.ts';
import { Turns } from './turns.ts';

/** What the upgrade decided, handed from the hook to the handler. */
type Admission = DocumentAdmission & {
  readonly principal: Principal;
  readonly owner: Owner;
  /** When the request came, by `timers.now`. */
  readonly cameAt: number;
};

declare module 'fastify' {
  interface FastifyRequest {
    admission: Admission | null;
  }
}

export type YjsRouteParts = AdmissionParts & {
  readonly node: NodeId;
  readonly nodeName: string;
  readonly rooms: Rooms;
  readonly connections: Connections;
  readonly heavy: HeavyWork;
  /** Off unless given. */
  readonly tracing?: Tracing | null;
  readonly logger: RoomLogger;
  readonly timers: Timers;
  readonly limits: ConnectionLimits & ConnectionCaps;
};

/**
 * `/ws/yjs/:docId`, steps 1 and 2 of the walk: everything that can be decided before the upgrade is decided here and
 * answered in HTTP; only then is there a socket.
 */
export function registerYjsRoute(app: FastifyInstance, parts: YjsRouteParts): void {
  const { node, rooms, connections, logger, limits, timers } = parts;
  const tracing = parts.tracing ?? null;
  const turns = new Turns(parts.timers);
  let counter = 0;
  app.decorateRequest('admission', null);

  app.get<{ Params: { docId: string } }>(
    '/ws/yjs/:docId',
    {
      websocket: true,
      preValidation: async (request) => {
        const cameAt = timers.now();
        try {
          request.admission = await counted(parts, () => admit(request, parts, cameAt));
        } catch (error) {
          if (tracing) traceRefusal(tracing, request, timers.now() - cameAt, error);
          throw error;
        }
      },
    },
    (socket: WebSocket, request) => {
      const { admission } = request;
      if (!admission) throw new ApiError('internal');
      const { docId, principal, role, owner, cameAt } = admission;
      const id = makeConnectionId(node, ++counter);
      const connection = new Connection({
        id,
        socket,
        stream: request.raw.socket as Socket,
        principal,
        docId,
        role,
        nodeName: parts.nodeName,
        heavy: parts.heavy,
        timers: parts.timers,
        turns,
        logger,
        limits,
        onClose: (kind) => parts.counts.closed(kind),
        tick: () => connections.now,
      });
      connections.add(connection, owner);
      parts.counts.accepted();
      logger.debug({ connection: id, docId, principal: principal.id }, 'connected');
      const use = rooms.use(docId);
      listen(socket, connection, () => {
        connections.delete(connection);
        use.release();
        logger.debug({ connection: id, docId }, 'disconnected');
      });
      use.room
        .then(async (room) => {
          await connection.enter(room);
          if (tracing) traceConnect(tracing, request, timers.now() - cameAt, admission, room);
        })
        .catch((error) => {
          if (tracing) traceUnopened(tracing, request, timers.now() - cameAt, admission, error);
          logger.error({ connection: id, docId, err: error }, 'the document could not be opened');
          connection.close('logUnreachable');
        });
    },
  );
}

async function admit(
  request: FastifyRequest<{ Params: { docId: string } }>,
  parts: YjsRouteParts,
  cameAt: number,
): Promise<Admission> {
  admitToNode(parts);
  const docId = docIdOf(request.params.docId);
  const principal = await identify(request, parts);
  const admission = await admitToOpen(parts.access, principal, docId);
  return { ...admission, principal, cameAt, owner: admitOneMore(request, principal, docId, parts) };
}

/** Listens synchronously, because the client may have sent its first frames together with the handshake (WIRE3). */
function listen(socket: WebSocket, connection: Connection, onEnd: () => void): void {
  socket.binaryType = 'nodebuffer';
  // Replaces the plugin's listener, which would keep the whole request in memory as long as the socket lives.
  socket.removeAllListeners('error');
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (isBinary && Buffer.isBuffer(data)) connection.receive(data);
    else connection.close('malformed', 'a text message; the protocol is binary');
  });
  socket.on('pong', () => connection.heard());
  socket.on('close', () => {
    connection.ended();
    onEnd();
  });
}
