import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeStatus, ProcessStatus, WorkerStatus } from './process-status.ts';
import { FORGET_AFTER_MS, type Roster, type RosterEntry, RosterUnavailable } from './roster.ts';

export type RosterUnderTest = {
  readonly roster: Roster;
  /** Another process's view of the same; the roster itself where there is only one process. */
  readonly other: Roster;
  /** Lets `ms` pass for the reports of these processes. */
  readonly pass: (ms: number, ...ids: string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export function aNode(name: string, more: Partial<NodeStatus> = {}): NodeStatus {
  const figures = {
    ...{ upMs: 1_000, connections: 3, documents: 2, appendMs: 0.25, eventLoopMs: null },
    ...{ oldestUnfoldedMs: 0, pendingBytes: 0, outboxBytes: 0, memoryBytes: 90_000_000 },
  };
  return {
    id: `${name}-${randomUUID()}`,
    kind: 'node',
    name,
    version: '1.2.3',
    state: 'ready',
    figures,
    ...more,
  };
}

export function aWorker(name: string, more: Partial<WorkerStatus> = {}): WorkerStatus {
  const figures = {
    ...{ upMs: 1_000, running: 1, folds: 20, failures: 1, eventLoopMs: 1.5, memoryBytes: 90_000_000 },
    ...{ sweptAgoMs: null, logDocuments: null, backlogDocuments: null, backlogOldestMs: null },
    ...{ quarantinedDocuments: null, quarantinedEntries: null },
  };
  const head = { id: `${name}-${randomUUID()}`, name, version: '1.2.3' };
  return { ...head, kind: 'worker', state: 'working', figures, ...more };
}

/** What every roster guarantees (see `roster.ts`), as tests; `start` makes a fresh one. */
export function describeRoster(name: string, start: () => Promise<RosterUnderTest>): void {
  describe(`roster: ${name}`, () => {
    let under: RosterUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.stop());

    /** The entries of these processes; others may be in the same store. */
    async function entriesOf(...processes: readonly ProcessStatus[]): Promise<RosterEntry[]> {
      const ids = new Set(processes.map(({ id }) => id));
      return (await under.other.read()).filter(({ status }) => ids.has(status.id));
    }

    it('shows everybody to everybody, by name, with what they said last', async () => {
      const [ten, two, worker] = [aNode('node-10'), aNode('node-2'), aWorker('worker-1')];
      await Promise.all([ten, two, worker].map((status) => under.roster.report(status)));
      const draining = { ...two, state: 'draining', figures: { ...two.figures, connections: 0 } } as const;
      await under.roster.report(draining);
      const entries = await entriesOf(ten, two, worker);
      expect(entries.map(({ status }) => status)).toEqual([draining, ten, worker]);
      for (const { ageMs } of entries) expect(ageMs).toBeLessThan(FORGET_AFTER_MS / 2);
    });

    it('forgets who leaves at once, and who leaves twice or was never there without complaint', async () => {
      const [stays, leaves] = [aNode('node-1'), aNode('node-2')];
      await under.roster.report(stays);
      await under.roster.report(leaves);
      await under.roster.leave(leaves.id);
      await under.roster.leave(leaves.id);
      expect((await entriesOf(stays, leaves)).map(({ status }) => status)).toEqual([stays]);
    });

    it('shows who was killed for a while, older and older, and then no more', async () => {
      const [killed, alive] = [aNode('node-1'), aNode('node-2')];
      await under.roster.report(killed);
      await under.pass(FORGET_AFTER_MS / 2, killed.id);
      await under.roster.report(alive);
      const [old] = await entriesOf(killed);
      expect(old?.ageMs).toBeGreaterThanOrEqual(FORGET_AFTER_MS / 2);
      await under.pass(FORGET_AFTER_MS / 2 + 1, killed.id);
      await under.roster.report(alive);
      expect((await entriesOf(killed, alive)).map(({ status }) => status)).toEqual([alive]);
    });

    it('keeps names as they are', async () => {
      const odd = aNode('nöde: "1"\n{}');
      await under.roster.report(odd);
      expect((await entriesOf(odd)).map(({ status }) => status)).toEqual([odd]);
      await under.roster.leave(odd.id);
    });

    // Last, because nothing answers afterwards.
    it('rejects what is asked of it when it is closed', async () => {
      await under.roster.close();
      await expect(under.roster.read()).rejects.toBeInstanceOf(RosterUnavailable);
      await expect(under.roster.report(aNode('late'))).rejects.toBeInstanceOf(RosterUnavailable);
    });
  });
}
