/**
 * `npm run bench:sign-ins [-- --people N] [--keep]`: five hundred people sign in at once at a node on which others
 * edit. `--keep` writes to loadtest/results.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type FaultCluster, startFaultCluster } from '@kryton/launcher/testing/fault-cluster.ts';
import { PAGE_ORIGIN } from '@kryton/server/testing/sign-up.ts';
import { GENERATOR_CORE, pin, SERVER_CORE, unpinnable } from '../cores.ts';
import { watchGenerator } from '../generator-watch.ts';
import { beTheOnlyBench } from '../only-bench.ts';
import { treeOf } from '../usage.ts';
import { Editors } from './editors.ts';
import { LoopWatch, probed, type WatchedLoops } from './loop-watch.ts';
import { keepStorm, NON_GOALS, QUESTION, type Spell, type Storm, tableOf } from './report.ts';
import { createPeople, signAllIn } from './sign-in-crowd.ts';

const EDITORS = 40;
const ADDRESSES = 100;
const WARM_UP_MS = 5_000;
const QUIET_MS = 10_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '500' },
      keep: { type: 'boolean', default: false },
    },
  });
  const people = Number(values.people);
  if (!Number.isInteger(people) || people < 1)
    throw new Error(`--people "${values.people}" is not a whole number above 0`);
  await beTheOnlyBench();
  const warning = unpinnable();
  if (warning) console.log(`The figures cannot be compared with others: ${warning}.`);
  console.log(`${QUESTION}\n${NON_GOALS}\n`);
  // Each stock client listens for the end of the process.
  process.setMaxListeners(0);
  const probePort = await freePort();
  const cluster = await startFaultCluster({
    nodes: 2,
    isDirect: true,
    appendfsync: 'everysec',
    env: { LOG_LEVEL: 'warn', DRAIN_SECONDS: '0' },
    nodeEnv: (index) => (index === 0 ? probed(probePort) : {}),
  });
  try {
    const storm = await measure(cluster, probePort, people);
    console.log(tableOf(storm));
    if (values.keep) keepStorm(storm);
  } finally {
    await cluster.stop();
  }
}

async function measure(cluster: FaultCluster, probePort: number, count: number): Promise<Storm> {
  const [node] = cluster.nodes;
  if (!node) throw new Error('the cluster has no node');
  // The first node has a core for itself: its event loop and the threads that hash. All else is on the other.
  pin(SERVER_CORE, [node.process().pid]);
  const others = [...cluster.nodes.slice(1), ...cluster.workers].map((part) => part.process().pid);
  const stores = [cluster.redis().process.pid, ...treeOf(cluster.postgres.process.pid)];
  pin(GENERATOR_CORE, [process.pid, ...others, ...stores]);
  const people = await createPeople(cluster.database.db, count);
  const watch = await LoopWatch.start(probePort, SERVER_CORE);
  try {
    const editors = await Editors.gather(cluster.database.db, cluster.bases, EDITORS);
    editors.startEditing();
    await pause(WARM_UP_MS);
    const spell = async <Result>(run: () => Promise<Result>) => {
      editors.take();
      const generator = watchGenerator();
      const { result, loops } = await watch.during(run);
      return { result, spell: spellOf(loops, editors, generator().lagMs) };
    };
    const before = await spell(() => pause(QUIET_MS));
    const url = node.base.replace(/^ws/, 'http');
    const during = await spell(() =>
      signAllIn({ ...people, url, origin: PAGE_ORIGIN, addresses: ADDRESSES }),
    );
    const missing = await editors.finish();
    return { people: count, quiet: before.spell, storm: during.spell, door: during.result, missing };
  } finally {
    await watch.stop();
  }
}

function spellOf(loops: WatchedLoops, editors: Editors, generatorLagMs: number): Spell {
  const { within, across, elsewhere } = editors.take();
  const waits = (latencies: typeof within) => ({
    samples: latencies.count,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    maxMs: latencies.quantile(1),
  });
  return {
    ...loops,
    within: waits(within),
    across: waits(across),
    elsewhere: waits(elsewhere),
    generatorLagMs,
  };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
