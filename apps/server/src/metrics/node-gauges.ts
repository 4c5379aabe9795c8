import type { MetricSet } from '@kryton/engine/metrics/metric-set.ts';

/** What only the node as a whole knows; asked for at each scrape. */
export type NodeGauges = {
  connections(): number;
  /** MAX_CONNECTIONS. */
  connectionsLimit(): number;
  /** Connections whose reader is behind: more waits for them than the outbox may hold. */
  slowReaders(): number;
  documents(): number;
  cacheBytes(): number;
  cacheLimitBytes(): number;
  outboxBytes(): number;
  pendingBytes(): number;
  pendingLimitBytes(): number;
  oldestUnfoldedSeconds(): number;
  isReady(): boolean;
  isDraining(): boolean;
  isOverloaded(): boolean;
  /** Since the node last heard its own heartbeat (LOG5). */
  canaryAgeSeconds(): number;
};

export function registerNodeGauges(set: MetricSet, gauges: NodeGauges): void {
  const gauge = (name: string, help: string, read: () => number) => set.asked(name, help, read);
  const state = (name: string, help: string, read: () => boolean) => gauge(name, help, () => Number(read()));

  state('kryton_ready', '1 while /readyz answers 200.', gauges.isReady);
  state('kryton_draining', '1 from the moment at which the node was told to leave.', gauges.isDraining);
  state(
    'kryton_overloaded',
    '1 while newcomers are refused because messages wait for the event loop (OVERLOAD_DELAY_MS).',
    gauges.isOverloaded,
  );
  gauge(
    'kryton_canary_age_seconds',
    'Since the node last heard its own heartbeat through Redis; at 5 s it is not ready.',
    gauges.canaryAgeSeconds,
  );
  gauge('kryton_connections', 'Open WebSocket connections.', gauges.connections);
  gauge(
    'kryton_connections_limit',
    'WebSocket connections that the node takes (MAX_CONNECTIONS).',
    gauges.connectionsLimit,
  );
  gauge(
    'kryton_slow_reader_connections',
    'Connections for which more waits than OUTBOX_BYTES: they get one resync in place of updates.',
    gauges.slowReaders,
  );
  gauge('kryton_documents', 'Documents open on this node.', gauges.documents);
  gauge('kryton_cache_bytes', 'Bytes of base states that are kept for joins.', gauges.cacheBytes);
  gauge(
    'kryton_cache_limit_bytes',
    'Bytes of base states that may be kept (CACHE_BYTES).',
    gauges.cacheLimitBytes,
  );
  gauge('kryton_outbox_bytes', 'Bytes that wait for slow sockets.', gauges.outboxBytes);
  gauge(
    'kryton_pending_bytes',
    'Bytes of updates that are accepted and not yet durable.',
    gauges.pendingBytes,
  );
  gauge(
    'kryton_pending_limit_bytes',
    'Bytes of such updates above which writers are not read from (PENDING_BYTES).',
    gauges.pendingLimitBytes,
  );
  gauge(
    'kryton_oldest_unfolded_seconds',
    'Age of the oldest update of an open document that no snapshot covers yet.',
    gauges.oldestUnfoldedSeconds,
  );
}
