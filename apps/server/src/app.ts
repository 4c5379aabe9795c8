import { randomBytes } from 'node:crypto';
import websocket from '@fastify/websocket';
import type { MessageBus } from '@kryton/engine/bus/message-bus.ts';
import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { SharedCounters } from '@kryton/engine/counters/shared-counters.ts';
import type { JobQueue } from '@kryton/engine/jobs/job-queue.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import { makeNodeId, type NodeId } from '@kryton/engine/protocol/ids.ts';
import type { Roster } from '@kryton/engine/roster/roster.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import type { FastifyBaseLogger } from 'fastify';
import type { Access } from './access/access.ts';
import type { AuditLog } from './access/audit-log.ts';
import type { KickFeed } from './access/kick.ts';
import { registerAuthRoutes } from './auth/auth-routes.ts';
import type { Auth } from './auth/create-auth.ts';
import type { Authenticator } from './auth/principal.ts';
import { NO_SIGN_IN } from './auth/sign-in-features.ts';
import type { SigningKeys } from './auth/signing-keys.ts';
import { ConnectionAge } from './drain/connection-age.ts';
import { drainNode } from './drain/drain.ts';
import { type ApiRoutes, limitRequests, registerApi } from './http/api.ts';
import { registerArrivalRoute } from './http/arrival-route.ts';
import { paceRequests } from './http/arrivals.ts';
import { registerJwksRoute } from './http/document-token-routes.ts';
import { HEALTH_PATHS, registerHealthRoutes } from './http/health-routes.ts';
import { createHttpServer, refuseMisplaced } from './http/http-server.ts';
import { registerOpenApi } from './http/openapi.ts';
import { registerPageRoutes } from './http/page-routes.ts';
import { registerSecurityHeaders, type WebAddress } from './http/security-headers.ts';
import { EventLoopWait } from './limits/event-loop-wait.ts';
import { limitMessages } from './limits/message-limits.ts';
import { Overload } from './limits/overload.ts';
import { type MinuteLimits, RateLimits } from './limits/rate-limits.ts';
import type { NodeGauges } from './metrics/node-gauges.ts';
import { NodeMetrics } from './metrics/node-metrics.ts';
import { NodeReports } from './metrics/node-reports.ts';
import type { LoadedPlugin } from './plugins/load-plugins.ts';
import { mountPlugins } from './plugins/mount-plugins.ts';
import { CacheBudget } from './room/cache-budget.ts';
import { Canary } from './room/canary.ts';
import { PendingBudget } from './room/pending-budget.ts';
import { Rooms } from './room/rooms.ts';
import { TailWatch } from './room/tail-watch.ts';
import type { ConnectionCaps } from './socket/admission.ts';
import { Connections } from './socket/connections.ts';
import { registerQuietRoutes } from './socket/quiet-route.ts';
import { RevocationWatch } from './socket/revocation-watch.ts';
import { registerYjsRoute } from './socket/yjs-route.ts';

const KEEP_ALIVE_TICK_MS = 1_000;
/** A client may announce at most this much more than a message may hold, so that it is told 4413 and not cut off. */
const MESSAGE_SLACK = 2;
const MAX_FRAGMENTS = 64;
const TOKEN_PROTOCOL = 'kryton-token';

const SILENCE: KickFeed = { listen: async () => async () => {} };
const NO_AUDIT: AuditLog = { record() {} };

export type NodeParts = {
  readonly name: string;
  readonly log: UpdateLog;
  readonly snapshots: SnapshotStore;
  readonly jobs: Pick<JobQueue, 'scheduleFold'>;
  readonly heavy: HeavyWork;
  readonly authenticator: Authenticator;
  /** Accounts and sign-in; null for tests and simulations of what lies behind the edge. */
  readonly auth?: Auth | null;
  /** What verifies document tokens, for everybody; none without accounts. */
  readonly signingKeys?: Pick<SigningKeys, 'jwks'>;
  readonly access: Access;
  /** Who tells this node that access ended; without, only the regular review finds it. */
  readonly kicks?: KickFeed;
  readonly audit?: AuditLog;
  /** How often everybody's access is looked up again, in ms; half a minute unless told. */
  readonly reviewEveryMs?: number;
  readonly logger: FastifyBaseLogger;
  readonly timers: Timers;
  readonly webRoot: string;
  readonly urls: readonly string[];
  /** The public URL; the first of `urls`, or this machine, unless told. */
  readonly appUrl?: string;
  /** Pages that may use the API with a session; those of `urls` may, unless told. */
  readonly origins?: readonly string[];
  readonly trustProxy: boolean | string[];
  /** Where nodes add up what each of them counts for its limits; without it, each counts for itself. */
  readonly counters?: Pick<SharedCounters, 'add'>;
  /** Where this node says how it is, for the cluster page; nowhere unless told. */
  readonly roster?: Pick<Roster, 'report' | 'leave'>;
  /** Where the steps of the walk are told; off unless given. */
  readonly tracing?: Tracing | null;
  /** The routes of the API. */
  readonly routes: readonly ApiRoutes[];
  /** What `PLUGINS_DIR` holds, and the bus that plugins speak over; none unless told. */
  readonly plugins?: { readonly loaded: readonly LoadedPlugin[]; readonly bus: MessageBus };
  readonly limits: NodeLimits;
};

export type NodeLimits = ConnectionCaps & {
  readonly minute: MinuteLimits;
  readonly messageBytes: number;
  readonly outboxBytes: number;
  /** What one client may send in a second, on average, before it is read more slowly. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly cacheBytes: number;
  /** Of all documents, accepted and not yet in the log (LOG6). */
  readonly pendingBytes: number;
  readonly graceMs: number;
  readonly foldDelayMs: number;
  /** Over how long the connections are sent away when the node leaves (DRAIN1). */
  readonly drainMs: number;
  /** How old a connection may become, in ms; 0: as old as it likes. */
  readonly maxConnectionAgeMs: number;
  /** How long a message may wait for the event loop before newcomers are refused, in ms; 0: they never are. */
  readonly overloadDelayMs: number;
};

/** One running node. */
export type ClusterNode = {
  readonly id: NodeId;
  readonly metrics: NodeMetrics;
  /** Rejects with Node's own error (EADDRINUSE, …) when the address cannot be listened on. */
  listen(host: string, port: number): Promise<void>;
  /** DRAIN1: takes no new connections, sends the present ones away in batches, appends what is gathered. */
  drain(): Promise<void>;
  /** Closes everything that is left. */
  stop(): Promise<void>;
};

function webAddressOf({ urls, appUrl = urls[0] ?? 'http://localhost', origins = [] }: NodeParts): WebAddress {
  return { appUrl, origins, urls };
}

/** Wires one node in the order of the walk: socket, auth and access, room, log; then what serves beside it. */
export async function createNode(parts: NodeParts): Promise<ClusterNode> {
  const { name, log, logger, timers, limits } = parts;
  const id = makeNodeId(name, randomBytes(4).toString('hex'));
  const connections = new Connections();
  const rates = new RateLimits({
    limits: limits.minute,
    counters: parts.counters ?? null,
    wallClock: Date.now,
    onError: (error) => logger.warn({ err: error }, 'counts of this node did not reach the others'),
    onLimited: (kind) => metrics.rateLimited(kind),
  });
  const cache = new CacheBudget(limits.cacheBytes);
  const pending = new PendingBudget(limits.pendingBytes);
  let isDraining = false;

  const gauges: NodeGauges = {
    isReady: () => unreadyBecause() === null,
    isDraining: () => isDraining,
    isOverloaded: () => overload.isOverloaded,
    canaryAgeSeconds: () => canary.silentMs / 1000,
    connections: () => connections.size,
    connectionsLimit: () => limits.connections,
    slowReaders: () => connections.slowReaders(limits.outboxBytes),
    documents: () => rooms.size,
    cacheBytes: () => cache.bytes,
    cacheLimitBytes: () => cache.limitBytes,
    outboxBytes: () => connections.outboxBytes(),
    pendingBytes: () => pending.bytes,
    pendingLimitBytes: () => pending.limitBytes,
    oldestUnfoldedSeconds: () => rooms.oldestUnfoldedMs() / 1000,
  };
  const metrics: NodeMetrics = new NodeMetrics(name, gauges);
  const rooms = new Rooms({ ...parts, node: id, cache, pending, metrics, logger });
  const tails = new TailWatch(rooms, log, logger, timers);
  const canary = new Canary(id, log, {
    logger,
    timers,
    graceMs: limits.graceMs,
    onHeard: (ms) => metrics.canaryHeard(ms),
    // What a deaf node shows is stale, also to those who only read: they find another node, or come back.
    onSilence: () => void connections.closeAll('logUnreachable', 1, async () => {}),
  });
  const loopWait = new EventLoopWait();
  const overload = new Overload({
    maxWaitMs: limits.overloadDelayMs,
    takeWaitMs: () => loopWait.takeMs(),
    timers,
    logger,
  });
  const ages = new ConnectionAge({
    connections,
    timers,
    random: Math.random,
    maxAgeMs: limits.maxConnectionAgeMs,
  });
  const unreadyBecause = () => (isDraining ? 'draining' : canary.isHearing ? null : 'logUnreachable');
  // An overloaded node stays ready: see there.
  const refusal = () => unreadyBecause() ?? (overload.isOverloaded ? 'overloaded' : null);
  const reports = parts.roster
    ? new NodeReports({
        ...{ roster: parts.roster, id, name, gauges, timers, logger },
        appends: metrics.recentAppends,
      })
    : null;

  const app = createHttpServer({
    logger,
    trustProxy: parts.trustProxy,
    connections: limits.connections,
  });
  await app.register(websocket, {
    options: {
      maxPayload: limits.messageBytes * MESSAGE_SLACK,
      maxFragments: MAX_FRAGMENTS,
      perMessageDeflate: false,
      clientTracking: false,
      // By default the first offered protocol is echoed, and that may be the token.
      handleProtocols: (offered: Set<string>) => (offered.has(TOKEN_PROTOCOL) ? TOKEN_PROTOCOL : false),
    },
    // The plugin's own closes every client at once and without a code; `drain` does it (DRAIN1).
    preClose: (done) => done(),
  });
  paceRequests(app, timers);
  app.addHook('onResponse', (request, reply, done) => {
    if (!request.ws && !HEALTH_PATHS.has(request.url)) metrics.answered(reply.statusCode, reply.elapsedTime);
    done();
  });
  const address = webAddressOf(parts);
  await registerSecurityHeaders(app, address);
  refuseMisplaced(app);
  limitRequests(app, rates);
  await registerOpenApi(app, address.appUrl);
  const upgrades = {
    ...parts,
    node: id,
    rates,
    connections,
    refusal,
    counts: metrics,
  };
  registerYjsRoute(app, { ...upgrades, nodeName: name, rooms });
  registerQuietRoutes(app, upgrades);
  const plugins = await mountPlugins(app, {
    ...upgrades,
    plugins: parts.plugins ?? null,
    metrics: metrics.set,
  });
  if (parts.auth) await registerAuthRoutes(app, parts.auth);
  if (parts.signingKeys) registerJwksRoute(app, parts.signingKeys);
  const routes = [...parts.routes, plugins.routes];
  await registerApi(app, { ...parts, routes, name, rates, rooms, connections });
  registerHealthRoutes(app, { unreadyBecause });
  registerArrivalRoute(app, { nodeName: name, appUrl: address.appUrl });
  const signIn = parts.auth?.features ?? NO_SIGN_IN;
  await registerPageRoutes(app, { ...parts, address, nodeName: name, signIn });

  const revocations = new RevocationWatch({
    ...parts,
    connections,
    kicks: parts.kicks ?? SILENCE,
    audit: parts.audit ?? NO_AUDIT,
    metrics,
    now: () => Date.now(),
    random: Math.random,
    ...(parts.reviewEveryMs !== undefined && { everyMs: parts.reviewEveryMs }),
    onDeleted: (docId) => rooms.discard(docId),
  });
  const forgetInterruption = log.onInterruption(() => {
    metrics.interrupted();
    void tails.compareAll();
  });
  const background = Promise.all([canary.run(), tails.run(), revocations.run()]);
  let cancelTick = () => {};
  const tick = () => {
    connections.tick();
    // While Redis is away, or this node leaves, there is nowhere to send them.
    if (unreadyBecause() === null) ages.tick();
    limitMessages(connections, rates);
    void rates.share();
    cancelTick = timers.after(KEEP_ALIVE_TICK_MS, tick);
  };
  tick();

  return {
    id,
    metrics,
    listen: async (host, port) => {
      await app.listen({ host, port, backlog: 4_096 });
      void reports?.report();
    },
    drain: async () => {
      isDraining = true;
      void reports?.report();
      await drainNode({ connections, rooms, timers, drainMs: limits.drainMs });
    },
    stop: async () => {
      isDraining = true;
      canary.stop();
      tails.stop();
      cancelTick();
      overload.stop();
      loopWait.stop();
      forgetInterruption();
      await revocations.stop();
      await connections.closeAll('draining', 1, async () => {});
      await rooms.close();
      await plugins.close();
      await app.close();
      await reports?.stop();
      metrics.stop();
      void background;
    },
  };
}
