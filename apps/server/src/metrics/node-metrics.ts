import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What only the node as a whole knows; asked for at each scrape. */
export type NodeGauges = {
  connections(): number;
  documents(): number;
  cacheBytes(): number;
  outboxBytes(): number;
  pendingBytes(): number;
  oldestUnfoldedSeconds(): number;
};

const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/** The figures of one node, in Prometheus' form. Labels have few, known values: never a document or a person. */
export class NodeMetrics {
  readonly registry = new Registry();
  readonly #updatesIn: Counter;
  readonly #bytesIn: Counter;
  readonly #updatesOut: Counter;
  readonly #presenceOut: Counter;
  readonly #appends: Histogram;
  readonly #fanOuts: Histogram;
  readonly #resyncs: Counter<'reason'>;
  readonly #loads: Counter;
  readonly #encodes: Counter;
  readonly #setAside: Counter;
  readonly #upgrades: Counter<'result'>;
  readonly #kicks: Counter<'reason'>;
  readonly #reviews: Counter<'result'>;
  readonly #eventLoop: ReturnType<typeof monitorEventLoopDelay>;

  constructor(node: string, gauges: NodeGauges) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ node });
    const counter = (name: string, help: string) => new Counter({ name, help, registers });
    const histogram = (name: string, help: string) =>
      new Histogram({ name, help, registers, buckets: LATENCY_BUCKETS_S });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });

    this.#updatesIn = counter('kryton_updates_in_total', 'Updates accepted from connections of this node.');
    this.#bytesIn = counter('kryton_update_bytes_in_total', 'Bytes of the updates accepted.');
    this.#updatesOut = counter('kryton_updates_out_total', 'Batches written to sockets, counted per socket.');
    this.#presenceOut = counter('kryton_presence_out_total', 'Presence frames written, counted per socket.');
    this.#appends = histogram(
      'kryton_append_seconds',
      'From handing a batch to the log until it is durable.',
    );
    this.#fanOuts = histogram(
      'kryton_fanout_seconds',
      'From handing a batch to the log until it is on the sockets.',
    );
    this.#resyncs = new Counter({
      name: 'kryton_resyncs_total',
      help: 'Times a document had to be read again from log or snapshot, by what made it necessary.',
      labelNames: ['reason'],
      registers,
    });
    this.#loads = counter('kryton_document_loads_total', 'Loads of a document from snapshot and log.');
    this.#encodes = counter(
      'kryton_join_encodings_total',
      'Answers to joining clients that had to be computed.',
    );
    this.#setAside = counter(
      'kryton_set_aside_total',
      'Log entries that could not be read and were left out.',
    );
    this.#upgrades = new Counter({
      name: 'kryton_upgrades_total',
      help: 'WebSocket upgrades, accepted or refused.',
      labelNames: ['result'],
      registers,
    });
    this.#kicks = new Counter({
      name: 'kryton_kicks_total',
      help: 'Connections ended because a session, a grant or a document ended.',
      labelNames: ['reason'],
      registers,
    });
    this.#reviews = new Counter({
      name: 'kryton_access_reviews_total',
      help: 'Times it was looked up what the connections may still do; while it fails everybody stays connected.',
      labelNames: ['result'],
      registers,
    });
    gauge('kryton_connections', 'Open WebSocket connections.', gauges.connections);
    gauge('kryton_documents', 'Documents open on this node.', gauges.documents);
    gauge('kryton_cache_bytes', 'Bytes of base states that are kept for joins.', gauges.cacheBytes);
    gauge('kryton_outbox_bytes', 'Bytes that wait for slow sockets.', gauges.outboxBytes);
    gauge(
      'kryton_pending_bytes',
      'Bytes of updates that are accepted and not yet durable.',
      gauges.pendingBytes,
    );
    gauge(
      'kryton_oldest_unfolded_seconds',
      'Age of the oldest update of an open document that no snapshot covers yet.',
      gauges.oldestUnfoldedSeconds,
    );
    gauge('kryton_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
    gauge('kryton_cpu_seconds', 'CPU time of the process, user and system.', cpuSeconds);

    this.#eventLoop = monitorEventLoopDelay({ resolution: 5 });
    this.#eventLoop.enable();
    const quantiles = new Gauge({
      name: 'kryton_event_loop_delay_seconds',
      help: 'How late the event loop ran, since the last scrape.',
      labelNames: ['quantile'],
      registers,
      collect: () => {
        for (const quantile of [50, 99, 100]) {
          quantiles.set({ quantile: String(quantile / 100) }, this.#eventLoop.percentile(quantile) / 1e9);
        }
        this.#eventLoop.reset();
      },
    });
  }

  updateIn(bytes: number): void {
    this.#updatesIn.inc();
    this.#bytesIn.inc(bytes);
  }

  updateOut(sockets: number): void {
    this.#updatesOut.inc(sockets);
  }

  presenceOut(sockets: number): void {
    this.#presenceOut.inc(sockets);
  }

  appended(ms: number): void {
    this.#appends.observe(ms / 1000);
  }

  fannedOut(ms: number): void {
    this.#fanOuts.observe(ms / 1000);
  }

  resync(reason: string): void {
    this.#resyncs.inc({ reason });
  }

  load(): void {
    this.#loads.inc();
  }

  encode(): void {
    this.#encodes.inc();
  }

  setAside(): void {
    this.#setAside.inc();
  }

  upgrade(result: 'accepted' | 'refused'): void {
    this.#upgrades.inc({ result });
  }

  kicked(reason: string): void {
    this.#kicks.inc({ reason });
  }

  reviewed(result: 'done' | 'failed'): void {
    this.#reviews.inc({ result });
  }

  stop(): void {
    this.#eventLoop.disable();
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
