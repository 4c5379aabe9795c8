import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { FailingSystem } from './failing-system.ts';
import type { Gathering } from './gathering.ts';
import type { Outcome } from './outcome.ts';
import { countIn, textOf } from './tokens.ts';

/** A document after a failure. */
export type Aftermath = {
  readonly what: string;
  readonly gathering: Gathering;
  /** From when convergence counts (performance.now); null where the failure takes nothing from those who stay. */
  readonly since: number | null;
};

/** What else happened is seen by whoever runs the failure. */
type Looked = Omit<Outcome, 'notes'>;

const CONVERGED_WITHIN_MS = 30_000;
const NEWCOMER_SYNCED_WITHIN_MS = 15_000;
/** SyncStep2 is not all that a newcomer gets: what was under way follows. */
const NEWCOMER_WAITS_MS = 5_000;

/**
 * Looks what survived, without another edit: on the clients who stayed, for a newcomer on each node, and for one on each
 * node after everybody has left and all nodes were restarted.
 *
 * @param meanwhile ends what is still broken, after those who stayed had their time to converge.
 */
export async function judge(
  system: FailingSystem,
  aftermaths: readonly Aftermath[],
  meanwhile: () => Promise<void> = async () => {},
): Promise<Looked[]> {
  const converged = await Promise.all(aftermaths.map(convergence));
  const acknowledged = aftermaths.map(({ gathering }) => gathering.acknowledged.size);
  const expected = aftermaths.map(({ gathering }) => gathering.expected);
  const onClients = aftermaths.map(({ gathering }, index) =>
    fewest(gathering.clients.map(({ doc }) => countIn(expected[index] ?? new Set(), textOf(doc).toString()))),
  );
  await meanwhile();
  const typed = aftermaths.map(({ gathering }) => gathering.typed.size);
  const newcomers = async () =>
    await Promise.all(
      aftermaths.map(({ gathering }, index) =>
        forNewcomers(system, gathering.docId, expected[index] ?? new Set()),
      ),
    );
  const forNewcomer = await newcomers();
  for (const { gathering } of aftermaths) gathering.close();
  await Promise.all(system.nodes.map((node) => node.stop()));
  await Promise.all(system.nodes.map((node) => node.start()));
  const afterRestart = await newcomers();
  return aftermaths.map(({ what, gathering }, index) => ({
    what,
    isTold: gathering.isTold,
    typed: typed[index] ?? 0,
    acknowledged: acknowledged[index] ?? 0,
    onClients: onClients[index] ?? null,
    forNewcomer: forNewcomer[index] ?? 0,
    afterRestart: afterRestart[index] ?? 0,
    convergedMs: converged[index] ?? null,
  }));
}

async function convergence({ gathering, since }: Aftermath): Promise<Outcome['convergedMs']> {
  if (since === null || gathering.clients.length < 2) return null;
  const withinMs = Math.max(1, since + CONVERGED_WITHIN_MS - performance.now());
  try {
    await eventually(() => gathering.areAlike(), { what: 'they are alike', withinMs, everyMs: 10 });
    return Math.max(0, performance.now() - since);
  } catch {
    return 'never';
  }
}

function fewest(counts: readonly number[]): number | null {
  return counts.length === 0 ? null : Math.min(...counts);
}

/** What is found on the node where least is found. */
async function forNewcomers(
  system: FailingSystem,
  docId: string,
  expected: ReadonlySet<string>,
): Promise<number> {
  const nodes = [0, 1] as const;
  return Math.min(...(await Promise.all(nodes.map((node) => forNewcomer(system, node, docId, expected)))));
}

async function forNewcomer(
  system: FailingSystem,
  node: 0 | 1,
  docId: string,
  expected: ReadonlySet<string>,
): Promise<number> {
  const newcomer = system.open(node, docId, `newcomer-${node}`);
  const found = () => countIn(expected, textOf(newcomer.doc).toString());
  try {
    const synced = { what: 'the newcomer is synced', withinMs: NEWCOMER_SYNCED_WITHIN_MS };
    await eventually(() => newcomer.isSynced, synced);
    const whole = { what: 'the newcomer has all', withinMs: NEWCOMER_WAITS_MS };
    await eventually(() => found() === expected.size, whole);
  } catch {
    // What it has by now is what it finds.
  }
  const count = found();
  newcomer.close();
  return count;
}
