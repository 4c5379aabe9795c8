import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Author, SOON_MS } from './testing/author.ts';
import { type HeldLock, holdCommit, holdSettingAside, untilWaiting } from './testing/database-locks.ts';
import { type RigWorker, startWorkerRig, type WorkerRig } from './testing/worker-rig.ts';

/** SNAP5: folded within this time of the last edit, a dead worker or not. */
const FOLDED_WITHIN_MS = 10_000;

describe('a worker that dies or sleeps while another runs', () => {
  let rig: WorkerRig;
  const workers = new Map<string, RigWorker>();
  let started = 0;
  beforeAll(async () => {
    rig = await startWorkerRig({ LOG_KEEP_SECONDS: '0' });
    await ensureTwo();
  });
  afterAll(() => rig.stop());

  async function ensureTwo(): Promise<void> {
    while (workers.size < 2) {
      const name = `worker-${++started}`;
      workers.set(name, await rig.startWorker(name));
    }
  }
  /** The worker that runs the fold, of which the locks tell the name. */
  async function caught(): Promise<{ name: string; worker: RigWorker }> {
    const [name = ''] = await untilWaiting(rig.database);
    return { name, worker: workers.get(name) ?? expect.fail(`there is a ${name}`) };
  }
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const { process } of workers.values()) console.log(process.name, process.output().slice(-6000));
  });
  async function kill(name: string): Promise<void> {
    const ending = await workers.get(name)?.process.stop({ signal: 'SIGKILL' });
    expect(ending?.signal).toBe('SIGKILL');
    workers.delete(name);
  }
  /** A document with a snapshot, edited since, about to be folded again. */
  async function edited(): Promise<Author> {
    const author = new Author(rig);
    await author.type('first ', SOON_MS);
    await author.folded();
    await author.trimmed();
    return author;
  }

  type Death = {
    readonly when: string;
    /** What stops the worker on its way. */
    readonly hold: (author: Author) => Promise<HeldLock>;
    /** Brings the worker from there to where it dies. */
    readonly reach: (worker: RigWorker, lock: HeldLock, author: Author) => Promise<void>;
    /** After its death. */
    readonly after: (lock: HeldLock) => Promise<void>;
  };
  const deaths: Death[] = [
    {
      when: 'after the fold, before its commit',
      hold: () => holdSettingAside(rig.database),
      reach: async () => {},
      after: (lock) => lock.release(),
    },
    {
      when: 'while its commit is on the way',
      hold: (author) => holdCommit(rig.database, author.docId),
      reach: async () => {},
      after: (lock) => lock.release(),
    },
    {
      when: 'between commit and trim',
      hold: (author) => holdCommit(rig.database, author.docId),
      async reach(worker, lock, author) {
        worker.toRedis.hold('toServer');
        await lock.release();
        await author.folded();
        expect(await author.isTrimmed()).toBe(false);
      },
      after: async () => {},
    },
    {
      when: 'after the trim, before it heard of it',
      hold: (author) => holdCommit(rig.database, author.docId),
      async reach(worker, lock, author) {
        worker.toRedis.hold('toClient');
        await lock.release();
        await author.trimmed();
      },
      after: async () => {},
    },
  ];

  it.each(deaths)(
    'SNAP2 SNAP5 killed with -9 $when: folded within 10 s of the last edit, the full history and nothing twice',
    async ({ when, hold, reach, after }) => {
      await ensureTwo();
      const author = await edited();
      await author.break();
      await author.type('second ');
      const lock = await hold(author);
      const { name, worker } = await caught();
      await reach(worker, lock, author);
      await kill(name);
      const killedAt = performance.now();
      await after(lock);
      const sinceEditMs = await author.folded();
      await author.expectWhole();
      await author.trimmed();
      const recoveredMs = Math.round(performance.now() - killedAt);
      expect(sinceEditMs).toBeLessThan(FOLDED_WITHIN_MS);
      expect(await rig.quarantine.list({ limit: 10, docId: author.docId })).toHaveLength(1);

      await author.type('third', SOON_MS);
      await author.folded();
      await author.expectWhole();
      recordRecovery(`a worker killed with -9 ${when}`, { recoveredMs, foldedAfterEditMs: sinceEditMs });
    },
  );

  it('SNAP1 a worker that was paused before its commit and wakes after another finished changes nothing', async () => {
    await ensureTwo();
    const author = await edited();
    await author.break();
    await author.type('second ');
    const lock = await holdSettingAside(rig.database);
    const { name, worker } = await caught();
    worker.process.kill('SIGSTOP');
    const pausedAt = performance.now();
    await lock.release();
    await author.type('third', SOON_MS);
    await author.folded();
    const takenOverMs = Math.round(performance.now() - pausedAt);
    await author.trimmed();
    const position = await rig.snapshots.position(author.docId);

    const overtakenBefore = worker.process.output().split('"overtaken"').length;
    worker.process.kill('SIGCONT');
    await eventually(() => worker.process.output().split('"overtaken"').length > overtakenBefore, {
      what: `${name} finds itself overtaken`,
    });
    expect(await rig.snapshots.position(author.docId)).toEqual(position);
    await author.expectWhole();
    await author.type(' fourth', SOON_MS);
    await author.folded();
    await author.expectWhole();
    recordRecovery('a worker paused before its commit', { takenOverMs });
  });

  it('SNAP5 a worker that is frozen while it waits for work holds up nobody', async () => {
    await ensureTwo();
    const frozen = [...workers.values()][0] ?? expect.fail('there are two');
    frozen.process.kill('SIGSTOP');
    // Several, because the signal for a job goes to one worker after the other.
    const authors = [new Author(rig), new Author(rig), new Author(rig)];
    for (const author of authors) await author.type('nobody wakes');
    for (const author of authors) expect(await author.folded()).toBeLessThan(FOLDED_WITHIN_MS);
    frozen.process.kill('SIGCONT');
    for (const author of authors) await author.expectWhole();
  });

  it('SNAP1 two workers that commit the same document at the same moment leave the newer', async () => {
    await ensureTwo();
    const author = await edited();
    await author.type('second ');
    const lock = await holdCommit(rig.database, author.docId);
    const { worker } = await caught();
    // Its job is taken for lost, although it is about to commit.
    worker.toRedis.hold('toServer');
    worker.toRedis.hold('toClient');
    await author.type('third');
    expect(await untilWaiting(rig.database, 2)).toHaveLength(2);
    await lock.release();
    await author.folded();
    worker.toRedis.mend();
    await author.trimmed();
    await author.expectWhole();
    await author.type(' fourth', SOON_MS);
    await author.folded();
    await author.expectWhole();
  });
});
