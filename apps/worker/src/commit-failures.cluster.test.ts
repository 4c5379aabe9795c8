import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { setInterval } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Author, SOON_MS } from './testing/author.ts';
import { type RigWorker, startWorkerRig, type WorkerRig } from './testing/worker-rig.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;
/** More than a segment of the write-ahead log (16 MiB), which has to go on, and less than the table of snapshots. */
const FULL_BYTES = 20 * MIB;
const FILLER_MIB = 24;
/** `disk_full`, appendix A of PostgreSQL's manual. */
const DISK_FULL = '53100';
/** A failed fold is tried again within 10 s (`retry-delay.ts`), and then takes a moment. */
const RECOVERED_WITHIN_MS = 15_000;
/** With FAULTS_FULL=1 as long as the promise is shown with, otherwise as long as patience lasts. */
const AWAY_S = process.env['FAULTS_FULL'] === '1' ? 300 : 20;
const AWAY_MS = AWAY_S * 1_000;

describe('commits that PostgreSQL refuses', () => {
  let rig: WorkerRig;
  let worker: RigWorker;
  beforeAll(async () => {
    rig = await startWorkerRig({ LOG_KEEP_SECONDS: '0' });
    worker = await rig.startWorker('worker-1');
  });
  afterAll(() => rig.stop());

  const failures = () => worker.metric('kryton_folds_total', 'result="failed"');
  async function edited(): Promise<Author> {
    const author = new Author(rig);
    await author.type('first ', SOON_MS);
    await author.folded();
    await author.trimmed();
    return author;
  }
  /** Nothing of `author`'s backlog is lost while commits fail. */
  async function expectKept(author: Author): Promise<void> {
    expect(await author.isTrimmed(), 'what is not committed is not trimmed').toBe(false);
    await author.expectWhole();
  }

  it.each([1, 3])('SNAP2 a commit that fails %i times is tried until it works', async (times) => {
    const author = await edited();
    const { pool } = rig.database;
    await pool.query(`
      CREATE SEQUENCE tries;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        -- A sequence is not rolled back with the statement that fails.
        IF nextval('tries') <= ${times} THEN
          RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '${DISK_FULL}';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON document_snapshots FOR EACH ROW EXECUTE FUNCTION refuse();
    `);
    const failedBefore = await failures();
    await author.type('second');
    await eventually(async () => (await failures()) > failedBefore, {
      what: 'a commit fails',
      withinMs: 10_000,
    });
    const failedAt = performance.now();
    await expectKept(author);
    await author.folded(RECOVERED_WITHIN_MS);
    const recoveredMs = Math.round(performance.now() - failedAt);
    expect((await failures()) - failedBefore).toBe(times);
    await author.trimmed();
    await author.expectWhole();
    await pool.query('DROP FUNCTION refuse CASCADE; DROP SEQUENCE tries');
    recordRecovery(`a commit that fails ${times === 1 ? 'once' : `${times} times`}`, { recoveredMs });
  });

  it('SNAP3 SNAP5 PostgreSQL away: edits are acknowledged, nothing is trimmed, the backlog is a metric, it is folded after', {
    timeout: AWAY_MS + 120_000,
  }, async () => {
    const author = await edited();
    worker.toPostgres.cut();
    const since = performance.now();
    let slowestAckMs = 0;
    for await (const _ of setInterval(500)) {
      const askedAt = performance.now();
      await author.type('x');
      slowestAckMs = Math.max(slowestAckMs, Math.round(author.editedAt - askedAt));
      expect(await author.isTrimmed(), 'nothing is trimmed').toBe(false);
      if (performance.now() - since > AWAY_MS) break;
    }
    // As of the last sweep, which comes every 30 s.
    await eventually(async () => (await worker.metric('kryton_backlog_documents')) > 0, {
      what: 'the backlog is in the metrics',
      withinMs: 35_000,
      everyMs: 200,
    });
    worker.toPostgres.mend();
    const mendedAt = performance.now();
    await author.folded(RECOVERED_WITHIN_MS);
    const recoveredMs = Math.round(performance.now() - mendedAt);
    await author.trimmed();
    await author.expectWhole();
    recordRecovery(`PostgreSQL away from the worker for ${AWAY_S} s`, { slowestAckMs, recoveredMs });
  });

  it('SNAP2 SNAP3 a full disk for PostgreSQL: nothing is trimmed, and it is folded when there is room', async () => {
    const author = await edited();
    // So that the file of the table is larger than what may be written: any commit of some size has to extend it.
    await rig.database.pool.query(
      `INSERT INTO document_snapshots (doc_id, epoch, seq, state, state_vector)
       SELECT 'filler-' || i, 1, 1, decode(repeat(md5(i::text), 32768 * 2), 'hex'), '' FROM generate_series(1, $1::int) i`,
      [FILLER_MIB],
    );
    await rig.database.pool.query('CHECKPOINT');
    await limitFiles(FULL_BYTES);
    const failedBefore = await failures();
    await author.type('x'.repeat(2 * MIB));
    await eventually(async () => (await failures()) >= failedBefore + 2, {
      what: 'commits fail',
      withinMs: 20_000,
    });
    expect(worker.process.output()).toContain('File too large');
    await expectKept(author);

    await limitFiles('unlimited');
    const roomAt = performance.now();
    await author.folded(RECOVERED_WITHIN_MS);
    const recoveredMs = Math.round(performance.now() - roomAt);
    await author.trimmed();
    await author.expectWhole();
    recordRecovery('a full disk for PostgreSQL', { recoveredMs });
  });

  /**
   * For the server and its backends; those to come inherit it. Files cannot grow beyond it: PostgreSQL ignores SIGXFSZ,
   * so writes fail with EFBIG, as they do with ENOSPC on a full disk. The soft limit only: it can be raised again.
   */
  async function limitFiles(bytes: number | 'unlimited'): Promise<void> {
    const { pid } = rig.postgres.process;
    const { stdout } = await run('pgrep', ['-P', String(pid)]);
    // As the user that the server runs as: root itself may lack the right in a container.
    const { uid, gid } = statSync(`/proc/${pid}`);
    for (const each of [String(pid), ...stdout.trim().split('\n')]) {
      // A backend may end in between.
      await run('prlimit', ['--pid', each, `--fsize=${bytes}:`], { uid, gid }).catch((error: unknown) => {
        if (each === String(pid)) throw error;
      });
    }
  }
});
