import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { FailingSystem } from './failing-system.ts';
import type { FailureClient } from './failure-client.ts';
import { Gathering } from './gathering.ts';
import { judge } from './judge.ts';
import type { Outcome } from './outcome.ts';
import { refuseWrites } from './refused-writes.ts';

export type Failure = {
  readonly id: string;
  /** What happens, in one sentence; convergence is timed from its last event unless it says otherwise. */
  readonly story: string;
  /** Whether a system can have it. */
  appliesTo(system: FailingSystem): boolean;
  /** Once, in documents of its own. */
  run(system: FailingSystem, round: number): Promise<Omit<Outcome, 'notes'>[]>;
};

const always = () => true;
/** Kryton folds 10 s after an edit at the latest, Hocuspocus saves after 2. */
const SAVED_WITHIN_MS = 60_000;
const HELD_MS = 2_000;
/** Longer than any system waits before it saves, or saves again. */
const QUIET_MS = 12_000;
const CUT_MS = 5_000;
const REFUSED_MS = 1_000;
const OUTAGE_MS = 5_000;
const EDITS = 5;
const EDIT_EVERY_MS = 100;
const BURST = 10;
const BURST_EVERY_MS = 20;

/** Two clients in a new document, one on each node, who both have what the first one typed. */
async function pair(
  system: FailingSystem,
  docId: string,
): Promise<{ gathering: Gathering; one: FailureClient; other: FailureClient }> {
  const gathering = new Gathering(system, docId);
  const one = await gathering.join(0, 'one');
  const other = await gathering.join(1, 'other');
  one.type();
  await gathering.acknowledgements();
  await eventually(() => gathering.areAlike(), { what: `both have ${docId}`, withinMs: 30_000 });
  return { gathering, one, other };
}

async function typeAll(
  clients: readonly FailureClient[],
  edits: number,
  everyMs = EDIT_EVERY_MS,
): Promise<void> {
  for (let edit = 0; edit < edits; edit++) {
    for (const client of clients) client.type();
    await pause(everyMs);
  }
}

async function untilSaved({ saves }: FailingSystem, docId: string): Promise<void> {
  const isSaved = async () => (await saves?.isSaved(docId)) ?? true;
  await eventually(isSaved, { what: `${docId} is saved`, withinMs: SAVED_WITHIN_MS, everyMs: 100 });
}

export const FAILURES: readonly Failure[] = [
  {
    id: 'mid-save',
    story:
      'An edit while another node saves: the database holds a save up for 2 s; meanwhile somebody edits on the other node, is told that it is saved, and leaves. Then 12 s without an edit.',
    appliesTo: ({ saves }) => saves !== null,
    async run(system, round) {
      const docId = `mid-save-${round}`;
      const { gathering, one, other } = await pair(system, docId);
      await untilSaved(system, docId);
      const held = await system.saves?.hold(docId);
      one.type();
      await gathering.acknowledgements();
      const isWaitedFor = async () => (await held?.isWaitedFor()) ?? false;
      await eventually(isWaitedFor, { what: 'a save waits', withinMs: SAVED_WITHIN_MS });
      other.type();
      await gathering.acknowledgements();
      gathering.leave(other);
      await pause(HELD_MS);
      await held?.release();
      await pause(QUIET_MS);
      return await judge(system, [{ what: 'its author left, somebody stays', gathering, since: null }]);
    },
  },
  {
    id: 'refused-save',
    story:
      'A store that fails once: the database refuses the save of the last edit, and no other. Then 12 s without an edit.',
    appliesTo: ({ saves }) => saves !== null,
    async run(system, round) {
      const docId = `refused-save-${round}`;
      const { gathering, one } = await pair(system, docId);
      await untilSaved(system, docId);
      const wasRefused = await system.saves?.refuseNext(docId);
      one.type();
      await gathering.acknowledgements();
      const isRefused = async () => (await wasRefused?.()) ?? false;
      await eventually(isRefused, { what: 'a save is refused', withinMs: SAVED_WITHIN_MS, everyMs: 100 });
      await pause(QUIET_MS);
      return await judge(system, [{ what: 'both stay', gathering, since: null }]);
    },
  },
  {
    id: 'refused-writes',
    story:
      'Redis refuses to write for a second (as without enough replicas, or when its memory is full) while five edits are made on each node.',
    appliesTo: always,
    async run(system, round) {
      const { gathering, one, other } = await pair(system, `refused-writes-${round}`);
      const accept = await refuseWrites(system.redisPort);
      await typeAll([one, other], EDITS, REFUSED_MS / EDITS);
      await accept();
      return await judge(system, [{ what: 'both stay', gathering, since: performance.now() }]);
    },
  },
  {
    id: 'killed-node',
    story:
      'A node is killed (SIGKILL) at the moment when ten edits have been acknowledged. Proxies lead its clients to the other node. Convergence is timed from the kill.',
    appliesTo: always,
    async run(system, round) {
      const docId = (name: string) => `killed-node-${name}-${round}`;
      const stays = await pair(system, docId('stays'));
      const left = await pair(system, docId('left'));
      const alone = new Gathering(system, docId('alone'));
      const author = await alone.join(0, 'alone');
      await typeAll([stays.one, left.one, author], BURST, BURST_EVERY_MS);
      await Promise.all([
        stays.gathering.acknowledgements(),
        left.gathering.acknowledgements(),
        // Nobody else is there who could be seen to have it.
        author.acknowledged === null ? null : alone.acknowledgements(),
      ]);
      const [killed, survivor] = system.nodes;
      const since = performance.now();
      const dead = killed.kill();
      left.gathering.leave(left.one);
      alone.leave(author);
      await dead;
      killed.door.lead(survivor.port);
      const told = author.acknowledged !== null;
      return await judge(
        system,
        [
          { what: 'its author comes back, another is on the other node', gathering: stays.gathering, since },
          { what: 'its author is gone, another is on the other node', gathering: left.gathering, since },
          ...(told ? [{ what: 'its author is gone and was alone there', gathering: alone, since }] : []),
        ],
        async () => {
          killed.door.lead(killed.port);
          await killed.start();
        },
      );
    },
  },
  {
    id: 'cut-lines',
    story:
      'All connections of one node to Redis are cut and refused for 5 s while five edits are made: in one document on the other node alone, in another on both. Convergence is timed from the moment when connections are possible again.',
    appliesTo: always,
    async run(system, round) {
      const others = await pair(system, `cut-lines-others-${round}`);
      const both = await pair(system, `cut-lines-both-${round}`);
      const [, cut] = system.nodes;
      cut.toRedis.cut();
      await typeAll([others.one, both.one, both.other], EDITS, CUT_MS / EDITS);
      cut.toRedis.mend();
      const since = performance.now();
      return await judge(system, [
        { what: 'edits on the other node', gathering: others.gathering, since },
        { what: 'edits on both nodes', gathering: both.gathering, since },
      ]);
    },
  },
  {
    id: 'silent-subscription',
    story:
      'The connection on which one node hears others goes silent without being closed, as behind a firewall that forgot it, while five edits are made on the other node. It stays so; convergence is timed from the last edit.',
    appliesTo: always,
    async run(system, round) {
      const { gathering, one } = await pair(system, `silent-subscription-${round}`);
      const [, deaf] = system.nodes;
      deaf.toRedis.hold('toClient', system.subscription);
      await typeAll([one], EDITS);
      const since = performance.now();
      return await judge(system, [{ what: 'both stay', gathering, since }], async () => deaf.toRedis.mend());
    },
  },
  {
    id: 'redis-outage',
    story:
      'Redis is killed (SIGKILL) at the moment when five edits on each node have been acknowledged, is away for 5 s while five more are made on each, and comes back with its files. Convergence is timed from its return.',
    appliesTo: always,
    async run(system, round) {
      const { gathering, one, other } = await pair(system, `redis-outage-${round}`);
      await typeAll([one, other], EDITS);
      await gathering.acknowledgements();
      await system.crashRedis();
      await typeAll([one, other], EDITS, OUTAGE_MS / EDITS);
      await system.startRedis();
      return await judge(system, [{ what: 'both stay', gathering, since: performance.now() }]);
    },
  },
];
