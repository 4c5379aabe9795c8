import { comparePositions, follows, ORIGIN } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import * as Y from 'yjs';
import { heal, makeTrouble } from './trouble.ts';
import { World, type WorldOptions } from './world.ts';

/** Within which everything has to be well after the troubles, in ms of virtual time. */
const HEALING_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

export type SimulationResult = {
  readonly seed: number;
  /** Broken promises; none when all is well. */
  readonly problems: readonly string[];
  /** What happened, one line each; empty unless asked for. */
  readonly trace: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly events: number;
  /** Edits that were acknowledged. */
  readonly acknowledged: number;
  /** From the end of the troubles until everything was well, in ms of virtual time. */
  readonly healedMs: number;
};

/** Runs one seed: nodes, workers and clients under troubles, then under none, and looks whether the promise was kept. */
export async function simulate(seed: number, options: WorldOptions = {}): Promise<SimulationResult> {
  const world = new World(seed, options);
  const { random, clock } = world;
  for (let node = 1; node <= 2 + random.int(2); node++) world.startNode(`node-${node}`);
  for (let worker = 1; worker <= 2; worker++) world.startWorker(`worker-${worker}`);
  for (let client = 1; client <= 3 + random.int(4); client++) world.addClient(`c${client}`);
  await clock.advance(1_000);
  await makeTrouble(world);
  heal(world);
  const healedMs = await untilWell(world);
  if (world.problems.length === 0) await judge(world);
  return {
    seed,
    problems: world.problems,
    trace: world.lines,
    counts: world.counts,
    events: clock.events,
    acknowledged: world.clients.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    healedMs,
  };
}

async function untilWell(world: World): Promise<number> {
  const from = world.clock.now();
  let illness = '';
  while (world.clock.now() - from < HEALING_MS) {
    await world.clock.advance(LOOK_EVERY_MS);
    illness = whatIsWrong(world);
    if (illness === '') return world.clock.now() - from;
  }
  world.wrong(`not well ${HEALING_MS / 1_000} s after the troubles: ${illness}`);
  return HEALING_MS;
}

/** Why clients and stores have not converged; empty when they have. */
function whatIsWrong(world: World): string {
  // What stands still may hold what its clients have sent, also that of clients who are gone.
  for (const { process } of [...world.nodes(), ...world.workers()]) {
    if (process.isFrozen || !process.isAlive) return `${process.name} is not up`;
  }
  const here = world.clients.filter(({ isGone }) => !isGone);
  for (const client of here) {
    if (!client.isSynced) return `${client.name} is not synced`;
    if (client.unacknowledged > 0)
      return `${client.unacknowledged} edits of ${client.name} are not acknowledged`;
    const { pendingStructs, pendingDs } = client.doc.store;
    if (pendingStructs !== null || pendingDs !== null) return `${client.name} waits for a missing dependency`;
  }
  for (const { name, pending, outboxBytes } of world.nodes()) {
    if (outboxBytes !== 0) return `${outboxBytes} bytes wait for clients of ${name}`;
    if (pending.bytes !== 0) return `${name} still counts ${pending.bytes} pending bytes`;
  }
  for (const docId of world.docIds) {
    const [first, ...others] = here.filter((client) => client.docId === docId);
    for (const other of others) {
      const difference = first && differenceOf(first.doc, other.doc);
      if (difference) return `${first.name} and ${other.name} differ in ${difference}`;
    }
    const cold = first && coldDifference(world, docId, first.doc);
    if (cold) return `snapshot + log of ${docId} differ from ${first.name} in ${cold}`;
  }
  return '';
}

/** What must hold once everything is well. */
async function judge(world: World): Promise<void> {
  for (const docId of world.docIds) {
    const of = world.clients.filter((client) => client.docId === docId);
    const here = of.find(({ isGone }) => !isGone);
    if (!here) continue;
    const content = here.doc.getText('content').toString();
    for (const client of of) {
      for (const token of client.promised()) {
        const count = content.split(token).length - 1;
        if (count !== 1) world.wrong(`${token} was acknowledged and is there ${count} times`);
      }
      for (const token of client.erased()) {
        if (content.includes(token)) world.wrong(`${token} was erased, acknowledged, and is there`);
      }
    }
    const tokens = content.match(/\[[^\]]*\]/g) ?? [];
    if (new Set(tokens).size !== tokens.length) world.wrong(`${docId} holds a token twice`);
    if (tokens.join('') !== content) world.wrong(`${docId} holds a torn token`);
  }
  await judgeSnapshots(world);
}

/** Folded to the end, and the logs gone: the snapshots alone have to hold everything. */
async function judgeSnapshots(world: World): Promise<void> {
  for (const docId of world.docIds) world.jobs.ask(docId, 0);
  for (let waited = 0; waited < HEALING_MS && !world.docIds.every((docId) => isFolded(world, docId)); ) {
    await world.clock.advance(LOOK_EVERY_MS);
    waited += LOOK_EVERY_MS;
  }
  world.store.wipe();
  for (const docId of world.docIds) {
    const here = world.clients.find((client) => client.docId === docId && !client.isGone);
    const cold = here && coldDifference(world, docId, here.doc);
    if (cold) world.wrong(`the snapshot of ${docId} differs from its clients in ${cold}`);
  }
}

/** Whether a snapshot covers everything that the log of a document holds. */
function isFolded(world: World, docId: DocId): boolean {
  const head = world.store.head(docId);
  if (!head) return true;
  return head.covered === null ? head.isEmpty : comparePositions(head.covered, head.last) >= 0;
}

/** In what the document that the stores hold differs from `expected`; empty when in nothing. */
function coldDifference(world: World, docId: DocId, expected: Y.Doc): string {
  const doc = new Y.Doc();
  const snapshot = world.store.load(docId);
  if (snapshot) Y.applyUpdate(doc, snapshot.state);
  const start = snapshot?.position ?? ORIGIN;
  const entries = world.store.range(docId, start, Number.MAX_SAFE_INTEGER);
  const isTrimmed = world.store.gapAfter(docId, start) === 'behind';
  if (isTrimmed && !follows(entries[0]?.position ?? ORIGIN, start))
    return 'the log, which was trimmed beyond the snapshot';
  for (const { update } of entries) Y.applyUpdate(doc, update);
  return differenceOf(expected, doc) ?? '';
}

/** The first thing in which two documents differ, or null. */
function differenceOf(one: Y.Doc, other: Y.Doc): string | null {
  if (one.getText('content').toString() !== other.getText('content').toString()) return 'the text';
  const formats = [one, other].map((doc) => JSON.stringify(doc.getText('content').toDelta()));
  if (formats[0] !== formats[1]) return 'the formats';
  const rest = [one, other].map((doc) =>
    JSON.stringify([[...doc.getMap('settings').entries()].sort(), doc.getArray('list')]),
  );
  if (rest[0] !== rest[1]) return 'the map or the list';
  const vectors = [one, other].map((doc) => Buffer.from(Y.encodeStateVector(doc)).toString('hex'));
  if (vectors[0] !== vectors[1]) return 'the state vector';
  const snapshots = [one, other].map((doc) => Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))).toString('hex'));
  return snapshots[0] === snapshots[1] ? null : 'the delete set';
}
