import { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import { ProcessMetrics } from '@kryton/engine/metrics/process-metrics.ts';
import { CLOSE_CODES, type CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { Registry } from 'prom-client';
import type { Revocation } from '../access/access.ts';
import { API_ERRORS, type ApiErrorCode } from '../http/errors.ts';
import { LIMIT_KINDS, type LimitKind } from '../limits/rate-limits.ts';
import type { ResyncReason } from '../room/log-follower.ts';
import type { AppendFailure } from '../room/room-ports.ts';
import { type NodeGauges, registerNodeGauges } from './node-gauges.ts';
import { RecentTimes } from './recent-times.ts';

const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
/** ROOM2: 50 ms at most; the first is a lone keystroke. */
const WINDOW_BUCKETS_S = [0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05];
const REQUEST_BUCKETS_S = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10];
const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;

/** The figures of one node, in Prometheus' form. Labels have few, known values: never a document or a person. */
export class NodeMetrics {
  readonly set: MetricSet;
  /** For the cluster page. */
  readonly recentAppends = new RecentTimes();
  readonly #process: ProcessMetrics;
  readonly #traffic: Traffic;
  readonly #log: LogFigures;
  readonly #edge: EdgeFigures;

  constructor(node: string, gauges: NodeGauges) {
    this.set = new MetricSet(node);
    registerNodeGauges(this.set, gauges);
    this.#edge = edgeFigures(this.set);
    this.#traffic = trafficFigures(this.set);
    this.#log = logFigures(this.set);
    this.#process = new ProcessMetrics('node', this.set);
  }

  get registry(): Registry {
    return this.set.registry;
  }

  updateIn(bytes: number): void {
    this.#traffic.updatesIn.inc();
    this.#traffic.bytesIn.inc(bytes);
  }

  /** One batch of `bytes` was written to so many sockets. */
  updateOut(sockets: number, bytes: number): void {
    this.#traffic.updatesOut.inc(sockets);
    this.#traffic.bytesOut.inc(sockets * bytes);
  }

  presenceOut(sockets: number): void {
    this.#traffic.presenceOut.inc(sockets);
  }

  gathered(windowMs: number): void {
    this.#traffic.windows.observe(windowMs / 1000);
  }

  appended(ms: number): void {
    this.#log.appends.observe(ms / 1000);
    this.recentAppends.add(ms);
  }

  appendFailed(outcome: AppendFailure): void {
    this.#log.appendFailures.inc({ outcome });
  }

  fannedOut(ms: number): void {
    this.#log.fanOuts.observe(ms / 1000);
  }

  resync(reason: ResyncReason): void {
    this.#log.resyncs.inc({ reason });
  }

  interrupted(): void {
    this.#log.interruptions.inc();
  }

  canaryHeard(ms: number): void {
    this.#log.canary.observe(ms / 1000);
  }

  load(): void {
    this.#log.loads.inc();
  }

  encode(): void {
    this.#log.encodes.inc();
  }

  setAside(): void {
    this.#log.setAside.inc();
  }

  accepted(): void {
    this.#edge.upgrades.inc({ result: 'accepted' });
  }

  refused(reason: ApiErrorCode): void {
    this.#edge.upgrades.inc({ result: 'refused' });
    this.#edge.refusals.inc({ reason });
  }

  /** The node ended a connection. */
  closed(kind: CloseKind): void {
    this.#edge.closes.inc({ kind });
  }

  kicked(reason: Revocation): void {
    this.#edge.kicks.inc({ reason });
  }

  reviewed(result: 'done' | 'failed'): void {
    this.#edge.reviews.inc({ result });
  }

  rateLimited(kind: LimitKind): void {
    this.#edge.rateLimited.inc({ kind });
  }

  /** An HTTP request was answered; upgrades are counted by themselves. */
  answered(status: number, ms: number): void {
    const index = Math.floor(status / 100) - 2;
    this.#edge.requests.observe({ class: STATUS_CLASSES[index] ?? '5xx' }, ms / 1000);
  }

  stop(): void {
    this.#process.stop();
  }
}

/** Whole by their types: a value that is missing here does not compile. */
const APPEND_FAILURES = valuesOf<AppendFailure>({ retried: true, 'given-up': true });
const REVOCATIONS = valuesOf<Revocation>({ sessionEnded: true, grantRemoved: true, documentDeleted: true });
const RESYNC_REASONS = valuesOf<ResyncReason>({
  gap: true,
  tail: true,
  behind: true,
  epoch: true,
  lost: true,
  'slow-reader': true,
});

function valuesOf<Value extends string>(all: Readonly<Record<Value, true>>): readonly string[] {
  return Object.keys(all);
}

type EdgeFigures = ReturnType<typeof edgeFigures>;

function edgeFigures(set: MetricSet) {
  return {
    upgrades: set.counter('kryton_upgrades_total', 'WebSocket upgrades, accepted or refused.', {
      result: ['accepted', 'refused'],
    }),
    refusals: set.counter(
      'kryton_upgrade_refusals_total',
      'WebSocket upgrades that were refused, by the error code of the answer.',
      { reason: Object.keys(API_ERRORS) },
    ),
    closes: set.counter('kryton_closes_total', 'Connections that the node ended, by what it told them.', {
      kind: Object.keys(CLOSE_CODES),
    }),
    kicks: set.counter(
      'kryton_kicks_total',
      'Connections ended because a session, a grant or a document ended.',
      { reason: REVOCATIONS },
    ),
    reviews: set.counter(
      'kryton_access_reviews_total',
      'Times it was looked up what the connections may still do; while it fails everybody stays connected.',
      { result: ['done', 'failed'] },
    ),
    rateLimited: set.counter(
      'kryton_rate_limited_total',
      'Times somebody was over a limit of a minute, by what is limited.',
      { kind: LIMIT_KINDS },
    ),
    requests: set.histogram(
      'kryton_http_request_seconds',
      'How long HTTP requests took, by the class of their status; health checks are left out.',
      { labels: { class: STATUS_CLASSES }, buckets: REQUEST_BUCKETS_S },
    ),
  };
}

type Traffic = ReturnType<typeof trafficFigures>;

function trafficFigures(set: MetricSet) {
  return {
    updatesIn: set.counter('kryton_updates_in_total', 'Updates accepted from connections of this node.'),
    bytesIn: set.counter('kryton_update_bytes_in_total', 'Bytes of the updates accepted.'),
    updatesOut: set.counter('kryton_updates_out_total', 'Batches written to sockets, counted per socket.'),
    bytesOut: set.counter(
      'kryton_update_bytes_out_total',
      'Bytes of the batches written, counted per socket.',
    ),
    presenceOut: set.counter('kryton_presence_out_total', 'Presence frames written, counted per socket.'),
    windows: set.histogram(
      'kryton_gather_window_seconds',
      'For how long a document gathers what is written, taken at each batch.',
      { buckets: WINDOW_BUCKETS_S },
    ),
  };
}

type LogFigures = ReturnType<typeof logFigures>;

function logFigures(set: MetricSet) {
  const buckets = LATENCY_BUCKETS_S;
  return {
    appends: set.histogram(
      'kryton_append_seconds',
      'From handing a batch to the log until it is durable, failed tries included.',
      { buckets },
    ),
    appendFailures: set.counter(
      'kryton_append_failures_total',
      'Appends that Redis did not take: tried again with the same bytes, or given up after REDIS_GRACE.',
      { outcome: APPEND_FAILURES },
    ),
    fanOuts: set.histogram(
      'kryton_fanout_seconds',
      'From handing a batch to the log until it is on the sockets.',
      { buckets },
    ),
    canary: set.histogram(
      'kryton_canary_seconds',
      'How long the heartbeat of this node took through Redis and back, once a second.',
      { buckets },
    ),
    interruptions: set.counter(
      'kryton_log_interruptions_total',
      'Times the connection that listens to the log was lost; all open documents are compared afterwards.',
    ),
    resyncs: set.counter(
      'kryton_resyncs_total',
      'Times a document had to be read again from log or snapshot, by what made it necessary.',
      { reason: RESYNC_REASONS },
    ),
    loads: set.counter('kryton_document_loads_total', 'Loads of a document from snapshot and log.'),
    encodes: set.counter(
      'kryton_join_encodings_total',
      'Answers to joining clients that had to be computed.',
    ),
    setAside: set.counter(
      'kryton_set_aside_total',
      'Log entries that could not be read and were left out by this node.',
    ),
  };
}
