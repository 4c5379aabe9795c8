import type { Socket } from 'node:net';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { makeConnectionId, makeNodeId, type NodeId } from '@kryton/engine/protocol/ids.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../http/errors.ts';
import type { PluginPrincipal, PluginSocketRoute } from '../plugins/plugin.ts';
import type { RunningPlugin } from '../plugins/running-plugin.ts';
import type { RoomLogger } from '../room/room-ports.ts';
import {
  type AdmissionParts,
  admitOneMore,
  admitToDocument,
  admitToNode,
  type ConnectionCaps,
  counted,
  type DocumentAdmission,
  docIdOf,
  identify,
} from './admission.ts';
import type { ConnectionLimits } from './connection-parts.ts';
import type { Connections } from './connections.ts';
import type { Owner } from './live-socket.ts';
import { PluginConnection } from './plugin-connection.ts';

/** What one message of a plugin's client may have, in bytes, unless the route says otherwise. */
const USUAL_MESSAGE_BYTES = 64 * 1024;

export type PluginSocketParts = AdmissionParts & {
  readonly node: NodeId;
  readonly connections: Connections;
  readonly limits: ConnectionLimits & ConnectionCaps;
  readonly logger: RoomLogger;
  readonly timers: Timers;
  /** What a plugin is shown of somebody. */
  readonly show: (principal: Principal) => PluginPrincipal;
};

type Admission = {
  readonly principal: Principal;
  readonly document: DocumentAdmission | null;
  readonly owner: Owner;
};
type PluginUpgrade = FastifyRequest<{ Params: Record<string, string> }>;

/** Mounts the WebSocket routes of a plugin at `/ws/plugins/<id>…`, behind what every upgrade is asked. */
export function registerPluginSockets(
  app: FastifyInstance,
  plugin: RunningPlugin,
  routes: readonly PluginSocketRoute[],
  parts: PluginSocketParts,
): void {
  const open = new Set<PluginConnection>();
  plugin.whenOff(() => {
    for (const connection of open)
      connection.close('overloaded', 'the plugin was switched off, or the node stops');
  });
  // Apart from the connections of documents, which count for themselves.
  const prefix = makeNodeId(parts.node, plugin.id);
  let counter = 0;
  for (const route of routes) {
    const admitted = new WeakMap<FastifyRequest['raw'], Admission>();
    app.get<{ Params: Record<string, string> }>(
      `/ws/plugins/${plugin.id}${route.path === '/' ? '' : route.path}`,
      {
        websocket: true,
        preValidation: async (request) => {
          admitted.set(request.raw, await counted(parts, () => admit(request, plugin, route, parts)));
        },
      },
      (socket: WebSocket, request) => {
        const admission = admitted.get(request.raw);
        if (!admission) throw new ApiError('internal');
        const { principal, document, owner } = admission;
        const id = makeConnectionId(prefix, ++counter);
        const connection = new PluginConnection({
          ...parts,
          id,
          socket,
          stream: request.raw.socket as Socket,
          plugin,
          route,
          principal,
          document,
          shown: parts.show(principal),
          params: Object.freeze({ ...request.params }),
          maxMessageBytes: Math.min(route.maxMessageBytes ?? USUAL_MESSAGE_BYTES, parts.limits.messageBytes),
          onClose: (kind) => parts.counts.closed(kind),
          tick: () => parts.connections.now,
        });
        open.add(connection);
        parts.connections.add(connection, owner);
        plugin.metrics.sockets(plugin.id, 1);
        parts.counts.accepted();
        parts.logger.debug({ connection: id, plugin: plugin.id, principal: principal.id }, 'connected');
        listen(socket, connection, () => {
          open.delete(connection);
          parts.connections.delete(connection);
          plugin.metrics.sockets(plugin.id, -1);
          parts.logger.debug({ connection: id, plugin: plugin.id }, 'disconnected');
        });
        void connection.enter();
      },
    );
  }
}

async function admit(
  request: PluginUpgrade,
  plugin: RunningPlugin,
  route: PluginSocketRoute,
  parts: PluginSocketParts,
): Promise<Admission> {
  admitToNode(parts);
  if (!plugin.isOn) throw new ApiError('switchedOff');
  const docId = route.document === undefined ? null : docIdOf(request.params['docId'] ?? '');
  const principal = await identify(request, parts);
  const document =
    docId === null ? null : await admitToDocument(parts.access, principal, docId, route.document);
  // Not one of those who have the document open: that a plugin speaks about it costs the document nothing.
  return { principal, document, owner: admitOneMore(request, principal, null, parts) };
}

/** Listens synchronously, because the client may have sent its first messages together with the handshake. */
function listen(socket: WebSocket, connection: PluginConnection, onEnd: () => void): void {
  socket.binaryType = 'nodebuffer';
  // Replaces the listener of @fastify/websocket, which would keep the whole request in memory.
  socket.removeAllListeners('error');
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (!Buffer.isBuffer(data)) return;
    connection.receive(isBinary ? data : data.toString());
  });
  socket.on('pong', () => connection.heard());
  socket.on('close', () => {
    connection.ended();
    onEnd();
  });
}
