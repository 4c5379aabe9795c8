import { setTimeout as pause } from 'node:timers/promises';
import { settledKb } from '../memory.ts';
import { openConnections } from '../opening.ts';
import { type Figure, shown } from '../scenario.ts';
import { nodesOf, type SystemUnderTest } from '../system.ts';
import { type CpuUsed, meterCpu, residentKb } from '../usage.ts';
import { on, type ScaleScenario, sized } from './scale-scenario.ts';
import { SilenceWatch } from './silence-watch.ts';

const CONNECTIONS = 10_000;
const PER_DOCUMENT = 2;
/** WIRE4: stock clients leave after 30 s without an application message. */
const LONGEST_SILENCE_S = 25;
/** New documents are folded within seconds and their logs are trimmed a minute later: that is work, and not idle. */
const AFTERMATH_MS = 120_000;

/** `idle-10000`: connections that are open and do nothing, on one node. */
export const idleCrowd: ScaleScenario = (options) => {
  const connections = sized(CONNECTIONS, options);
  return {
    id: 'idle-10000',
    question: `What do ${connections} idle connections cost one node that holds them for ${options.holdMs / 60_000} minutes?`,
    nonGoals: `${PER_DOCUMENT} connections in each of ${connections / PER_DOCUMENT} empty documents, without presence, through no proxy. Resident memory, two looks 3 s apart within 0.5 %; no forced collection.`,
    target: 'all held for the full time; each hears an application message at least every 25 s',
    run: (start) =>
      on(start, { nodes: 1 }, async (system) => {
        // The first connections load code, which is no matter of their number.
        const first = await openConnections(system, { connections: 4, documents: 2 });
        const beforeKb = await settledKb(system);
        const opened = await openConnections(system, {
          connections,
          documents: connections / PER_DOCUMENT,
        });
        const openKb = await settledKb(system);
        const held = await hold(system, opened.clients, options.holdMs);
        for (const client of [...first.clients, ...opened.clients]) client.close();
        const heldS = options.holdMs / 1_000;
        return [
          { name: 'connections lost', unit: '', value: held.lost, target: 0 },
          shown('held', 'min', heldS / 60),
          { name: 'longest silence', unit: 's', value: held.longestSilenceS, target: LONGEST_SILENCE_S },
          shown('messages to each', '/min', held.messages / connections / (heldS / 60)),
          shown('RSS per connection', 'KB', (openKb - beforeKb) / connections),
          shown('RSS per connection after holding', 'KB', (held.residentKb - beforeKb) / connections),
          shown('RSS of the node', 'MB', openKb / 1_024),
          shown('RSS of the node after holding', 'MB', held.residentKb / 1_024),
          ...idleCpu(held),
          shown('opening them', 's', opened.wallMs / 1_000),
          ...openingCpu(opened.cpu, connections),
          shown('opening: until SyncStep2, p99', 'ms', opened.latencies.quantile(0.99)),
        ];
      }),
  };
};

type Held = {
  readonly lost: number;
  readonly longestSilenceS: number;
  readonly messages: number;
  readonly cpu: CpuUsed;
  readonly cpuMs: number;
  readonly residentKb: number;
};

/** Does nothing for `holdMs` but answer what a stock client answers. CPU is counted once new documents are settled. */
async function hold(
  system: SystemUnderTest,
  clients: Awaited<ReturnType<typeof openConnections>>['clients'],
  holdMs: number,
): Promise<Held> {
  const silence = new SilenceWatch(clients.length);
  for (const [index, client] of clients.entries()) client.onFrame = () => silence.heard(index);
  const settlingMs = holdMs > 2 * AFTERMATH_MS ? AFTERMATH_MS : 0;
  await pause(settlingMs);
  const cpuUsed = meterCpu(system);
  const cpuMs = holdMs - settlingMs;
  await pause(cpuMs);
  return {
    cpu: cpuUsed(),
    cpuMs,
    lost: clients.filter((client) => !client.isOpen).length,
    longestSilenceS: silence.longestMs / 1_000,
    messages: silence.messages,
    residentKb: residentKb(nodesOf(system)),
  };
}

function openingCpu({ byRole }: CpuUsed, connections: number): Figure[] {
  return [...byRole].map(([role, ms]) =>
    shown(`opening: ${role}`, 'us per connection', (ms * 1_000) / connections),
  );
}

/** As a share of one core, each role by itself. */
function idleCpu({ cpu, cpuMs }: Held): Figure[] {
  return [...cpu.byRole].map(([role, ms]) => shown(`idle: ${role}`, '% of a core', (ms * 100) / cpuMs));
}
