/**
 * Measures what everybody else notices of one that makes trouble, and prints the table of
 * `loadtest/results/bystanders.md`:
 *
 *     npx node apps/launcher/src/testing/bystanders-main.ts [seconds of each spell] > loadtest/results/bystanders.md
 */
import { cpus } from 'node:os';
import { type Waits, watchBystanders } from './bystanders.ts';
import { Crowd } from './crowd.ts';
import { startFaultCluster } from './fault-cluster.ts';
import { startTroublemaker } from './troublemakers/start-troublemaker.ts';
import { troubles } from './troubles.ts';

const DOC_IDS = ['a', 'b', 'c'];
const ROUNDS = 2;
const DEFAULT_SPELL_S = 6;

const spellMs = Number(process.argv[2] ?? DEFAULT_SPELL_S) * 1_000;
const cluster = await startFaultCluster({ nodes: 3, isDirect: true });
const crowd = new Crowd({
  clients: 30,
  docIds: DOC_IDS,
  bases: cluster.bases,
  as: cluster.somebody,
  seed: 1,
});
await crowd.synced();
crowd.startEditing();
await crowd.progress(300);

const quiet = { name: 'nothing (the noise of the machine)', make: null };
const lines: string[] = [];
for (const { name, make } of [quiet, ...troubles(cluster, DOC_IDS)]) {
  let round = 0;
  const { before, during } = await watchBystanders({
    crowd,
    rounds: ROUNDS,
    spellMs,
    begin: async () => {
      if (!make) return async () => {};
      const maker = await startTroublemaker(make(++round), cluster.somebody);
      return () => maker.stop();
    },
  });
  const ratio = (during.p99 / before.p99).toFixed(1);
  lines.push(`| ${name} | ${shown(before)} | ${shown(during)} | ${ratio} |`);
}
crowd.close();
await cluster.stop();
process.stdout.write(`# Bystanders

What do 30 clients, who edit three documents on three nodes, notice of somebody who makes trouble? Times from an edit to
its acknowledgement in ms: p50, p99, longest, (samples); quiet and trouble in turns, ${ROUNDS} spells of ${spellMs / 1_000} s each.
Nodes, worker, Redis (\`appendfsync always\`), PostgreSQL, the 30 clients and the troublemaker (at the lowest priority)
share this machine: ${cpus().length} cores, ${cpus()[0]?.model ?? ''}; Node ${process.version}.

    npx node apps/launcher/src/testing/bystanders-main.ts ${spellMs / 1_000}

| trouble | before | during | p99, times |
|---|---|---|---|
${lines.join('\n')}
`);
process.exit(0);

function shown({ p50, p99, max, samples }: Waits): string {
  return `${p50.toFixed(1)}, ${p99.toFixed(1)}, ${max.toFixed(0)} (${samples})`;
}
