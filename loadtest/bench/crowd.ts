import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { BenchClient } from './bench-client.ts';
import { Deliveries } from './deliveries.ts';
import type { SystemUnderTest } from './system.ts';
import { cpuMs } from './usage.ts';

export type CrowdOptions = {
  readonly documents: readonly string[];
  /** In each document. */
  readonly clients: number;
  readonly editors: number;
  /** Actions of one editor a second. */
  readonly perS: number;
  /** The share of the actions that are moves; the rest are edits. */
  readonly moves: number;
};

export type CrowdResult = {
  readonly sent: number;
  readonly delivered: number;
  /** Expected deliveries that did not come; of moves only what nobody replaced by a later one is expected. */
  readonly missing: number;
  readonly cpuUs: number;
  /** CPU of each server in words. */
  readonly shares: readonly string[];
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** How late the generator's own event loop ran: above a few ms the latencies are its own. */
  readonly lagMs: number;
};

const WARM_UP_MS = 5_000;
const MEASURE_MS = 15_000;
const ARRIVE_MS = 3_000;

/** Lets a crowd work at a steady rate and measures the servers' CPU and the latency of every 16th delivery. */
export async function crowd(system: SystemUnderTest, options: CrowdOptions): Promise<CrowdResult> {
  const deliveries = new Deliveries();
  const clients: { client: BenchClient; isEditor: boolean }[] = [];
  for (const docId of options.documents) {
    for (let i = 0; i < options.clients; i++) {
      const base = system.bases[i % system.bases.length] ?? '';
      const client = await BenchClient.open(system.urlOf(base, docId), deliveries);
      await client.sync();
      clients.push({ client, isEditor: i < options.editors });
    }
  }
  const editors = clients.filter(({ isEditor }) => isEditor).map(({ client }) => client);
  const stopActing = act(editors, options);
  await pause(WARM_UP_MS);
  const lag = monitorEventLoopDelay({ resolution: 1 });
  lag.enable();
  deliveries.measure(true);
  const before = system.servers.map((server) => cpuMs([server]));
  await pause(MEASURE_MS);
  deliveries.measure(false);
  const usedMs = system.servers.map((server, index) => cpuMs([server]) - (before[index] ?? 0));
  const cpuUs = usedMs.reduce((sum, ms) => sum + ms, 0) * 1_000;
  lag.disable();
  stopActing();
  const expected = deliveries.sent * options.clients;
  const isComplete = () => options.moves > 0 || deliveries.delivered >= expected;
  await eventually(isComplete, { what: 'everything is delivered', withinMs: ARRIVE_MS }).catch(() => {});
  const lost = clients.filter(({ client }) => !client.isOpen).length;
  if (lost > 0) throw new Error(`${lost} connections were lost`);
  for (const { client } of clients) client.close();
  return {
    sent: deliveries.sent,
    delivered: deliveries.delivered,
    missing: options.moves > 0 ? deliveries.missingEdits(options.clients) : expected - deliveries.delivered,
    cpuUs,
    shares: system.servers.map(({ name }, index) => `${name} ${usedMs[index]} ms`),
    p50: deliveries.latency(0.5),
    p95: deliveries.latency(0.95),
    p99: deliveries.latency(0.99),
    lagMs: lag.percentile(99) / 1e6,
  };
}

/** Every editor acts at its own phase, so that the load is even. */
function act(editors: readonly BenchClient[], { perS, moves }: CrowdOptions): () => void {
  const everyMs = 1_000 / perS;
  const cancels: (() => void)[] = [];
  for (const [index, editor] of editors.entries()) {
    let turn = index;
    const one = () => {
      // Half and half alternate; all or nothing is decided by the share alone.
      const isMove = moves === 1 || (moves > 0 && turn++ % Math.round(1 / moves) === 0);
      if (isMove) editor.move();
      else editor.edit();
    };
    const first = setTimeout(
      () => {
        one();
        const timer = setInterval(one, everyMs);
        cancels.push(() => clearInterval(timer));
      },
      (index / editors.length) * everyMs,
    );
    cancels.push(() => clearTimeout(first));
  }
  return () => {
    for (const cancel of cancels) cancel();
  };
}
