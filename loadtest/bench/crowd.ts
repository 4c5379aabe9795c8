import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { BenchClient } from './bench-client.ts';
import { type GeneratorState, watchGenerator } from './generator-watch.ts';
import { closedWindow, Ledger, type Window } from './ledger.ts';
import { isWholeForNewcomer } from './newcomer.ts';
import { encodeMove, prepareEdits } from './prepared-actions.ts';
import { LONG, type Span } from './scenario.ts';
import type { SystemUnderTest } from './system.ts';
import { type CpuUsed, meterCpu } from './usage.ts';

/** The span is {@link LONG} unless told. */
export type CrowdOptions = Partial<Span> & {
  readonly documents: number;
  /** In each document; they are spread over the nodes. */
  readonly clients: number;
  readonly actors: number;
  /** What an actor does: always the same, or the one and the other in turn. */
  readonly does: readonly ('edit' | 'move')[];
  /** Of one actor a second. */
  readonly actionsPerS: number;
  /** Called when everybody is there and nobody has acted yet. */
  readonly onGathered?: () => Promise<void>;
  /** Called just before it is measured and just after. */
  readonly onWindow?: () => Promise<void>;
};

export type CrowdResult = Window & {
  /** Deliveries that never came, see {@link Ledger.missing}. */
  readonly missing: number;
  /** Documents that a newcomer on some node did not find whole; null where newcomers get nothing anyway. */
  readonly diverged: number | null;
  /** Connections that were closed before the end; what they are owed is missing too. */
  readonly lost: number;
  readonly cpu: CpuUsed;
  readonly generator: GeneratorState;
};

type Actor = { readonly client: BenchClient; readonly act: () => void };
type Gathering = { readonly docId: string; readonly ledger: Ledger; readonly clients: BenchClient[] };

const ARRIVE_WITHIN_MS = 10_000;
/** Client ids of real clients are random numbers of 32 bits; these take as many bytes. */
const FIRST_CLIENT_ID = 3_000_000_000;
const TICK_MS = 1;
/** Documents that are opened or looked at together; a scenario with one of them notices nothing of it. */
const AT_ONCE = 20;

/** Lets a crowd work at a steady rate, measures it once it is warm, and then looks whether everything has arrived. */
export async function crowd(system: SystemUnderTest, options: CrowdOptions): Promise<CrowdResult> {
  const window = closedWindow();
  const { warmUpMs, measureMs } = { ...LONG, ...options };
  const actors: Actor[] = [];
  const gatherings: Gathering[] = [];
  await forEach(Array.from({ length: options.documents }), async () => {
    gatherings.push(await gather(system, options, window, actors));
  });
  await options.onGathered?.();
  const stopActing = act(actors, options.actionsPerS);
  await pause(warmUpMs);
  await options.onWindow?.();
  const generator = watchGenerator();
  const cpuUsed = meterCpu(system);
  window.isOpen = true;
  await pause(measureMs);
  window.isOpen = false;
  const cpu = cpuUsed();
  const generatorState = generator();
  await options.onWindow?.();
  stopActing();
  const owed = () => gatherings.reduce((sum, { ledger }) => sum + ledger.missing, 0);
  const arrived = { what: 'everything has arrived', withinMs: ARRIVE_WITHIN_MS, everyMs: 200 };
  await eventually(() => owed() === 0, arrived).catch(() => {});
  const clients = gatherings.flatMap((gathering) => gathering.clients);
  const lost = clients.filter((client) => !client.isOpen).length;
  const missing = owed();
  const diverged = system.holds === 'nothing' ? null : await countDiverged(system, gatherings);
  for (const client of clients) client.close();
  return { ...window, missing, diverged, lost, cpu, generator: generatorState };
}

/** Connects the clients of one more document; those of them that act are added to `actors`. */
async function gather(
  system: SystemUnderTest,
  options: CrowdOptions,
  window: Window,
  actors: Actor[],
): Promise<Gathering> {
  const [docId = ''] = await system.documents(1);
  const ledger = new Ledger(options.clients, window);
  const clients: BenchClient[] = [];
  for (let index = 0; index < options.clients; index++) {
    const client = await BenchClient.join(system.doorOf(index % system.nodeCount, docId));
    client.onFrame = (frame) => ledger.received(index, frame);
    clients.push(client);
    if (index < options.actors) {
      const clientId = FIRST_CLIENT_ID + actors.length;
      actors.push({ client, act: actions(client, index, clientId, ledger, options) });
    }
  }
  return { docId, ledger, clients };
}

function actions(
  client: BenchClient,
  sender: number,
  clientId: number,
  ledger: Ledger,
  { does, actionsPerS, warmUpMs = LONG.warmUpMs, measureMs = LONG.measureMs }: CrowdOptions,
): () => void {
  const most = Math.ceil(((warmUpMs + measureMs) / 1_000 + 5) * actionsPerS) + 1;
  const edits = does.includes('edit') ? prepareEdits(clientId, most) : [];
  let moves = 0;
  let edited = 0;
  // Half of a mixed crowd begins with the one, half with the other.
  let turn = sender;
  return () => {
    if (does[turn++ % does.length] === 'move') {
      ledger.sendingMove(sender, clientId);
      client.send(encodeMove(clientId, ++moves));
      return;
    }
    const frame = edits[edited++];
    if (frame === undefined) throw new Error(`more than the ${most} edits that were prepared`);
    ledger.sendingEdit(sender, clientId);
    client.send(frame);
  };
}

/** One after the other at even distances, in a random order: neighbours in a document do not act together. */
function act(actors: readonly Actor[], actionsPerS: number): () => void {
  const order = seededRandom(1).shuffled(actors);
  const everyMs = 1_000 / actionsPerS / order.length;
  const startedAt = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const due = (performance.now() - startedAt) / everyMs;
    for (; done < due; done++) order[done % order.length]?.act();
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** Lets a newcomer open every document on every node. */
async function countDiverged(system: SystemUnderTest, gatherings: readonly Gathering[]): Promise<number> {
  let diverged = 0;
  await forEach(gatherings, async ({ docId, ledger }) => {
    for (let node = 0; node < system.nodeCount; node++) {
      // A server that refuses the newcomer, or dies of them, has not given them the document either.
      const whole = isWholeForNewcomer(system.doorOf(node, docId), ledger.stateVector).catch(() => false);
      if (!(await whole)) diverged++;
    }
  });
  return diverged;
}

/** Some documents at a time: thousands one after the other take minutes. */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
