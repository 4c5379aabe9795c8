import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { expectPromiseKept } from '../testing/promise.ts';

const run = promisify(execFile);
/** Less than any append-only file here: every write to it fails with EFBIG, as it does with ENOSPC on a full disk. */
const FULL_BYTES = 1024;
const FULL_MS = 6_000;

describe('a full disk for Redis under thirty editing clients', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  afterEach(async () => {
    crowd.close();
    await cluster.stop();
  });

  const edit = async (appendfsync: 'always' | 'everysec') => {
    cluster = await startFaultCluster({ nodes: 3, appendfsync });
    const seed = seedFor(`full disk, ${appendfsync}`);
    crowd = new Crowd({
      clients: 30,
      docIds: ['a', 'b', 'c'],
      bases: cluster.bases,
      as: cluster.somebody,
      seed,
    });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(200);
  };
  /** The soft limit only: it can be raised again. */
  const limitFiles = async (bytes: number | 'unlimited') => {
    await run('prlimit', ['--pid', String(cluster.redis().process.pid), `--fsize=${bytes}:`]);
  };
  /**
   * Nothing is acknowledged while the disk is full, once Redis has noticed. What it wrote before may still be on its way
   * to the authors: that is waited for until half a second brings none.
   */
  const expectSilence = async () => {
    let acknowledged = -1;
    while (acknowledged !== crowd.acknowledged) {
      acknowledged = crowd.acknowledged;
      await pause(500);
    }
    await pause(FULL_MS);
    expect(crowd.acknowledged).toBe(acknowledged);
    expect(crowd.unacknowledged).toBeGreaterThan(100);
  };

  it('LOG1 LOG6 appendfsync everysec: Redis refuses, nothing is acknowledged, it is retried until there is room', async () => {
    await edit('everysec');
    await limitFiles(FULL_BYTES);
    // A write that Redis took before it noticed stays in its memory and is written when there is room.
    await eventually(() => cluster.redis().process.output().includes('Error writing to the AOF file'), {
      what: 'Redis has noticed',
    });
    await expectSilence();
    await limitFiles('unlimited');
    const roomAt = performance.now();
    await crowd.progress(100, 10_000);
    const recoveredMs = Math.round(performance.now() - roomAt);
    await crowd.synced();
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('a full disk for Redis (everysec)', { recoveredMs });
  });

  it('LOG1 LOG6 appendfsync always: Redis ends rather than lie, is started again until there is room, nothing acknowledged is lost', async () => {
    await edit('always');
    await limitFiles(FULL_BYTES);
    const silence = cluster.redis().process.exited.then(expectSilence);
    let isSilent = true;
    const watched = silence.finally(() => {
      isSilent = false;
    });
    let restarts = 0;
    // As a supervisor does: starts it again and again, on a disk that is full until somebody makes room. It may end
    // before it has answered anybody.
    while (isSilent) {
      await Promise.race([cluster.redis().process.exited, watched]);
      if (!isSilent) break;
      restarts += 1;
      await cluster.startRedis(FULL_BYTES).catch(() => pause(100));
    }
    await watched;
    expect(restarts).toBeGreaterThan(0);
    const roomAt = performance.now();
    // It may have ended once more between the last restart and now; the next one finds room.
    await limitFiles('unlimited').catch(() => {});
    const { exited } = cluster.redis().process;
    const progress = crowd.progress(100, 15_000);
    if ((await Promise.race([progress, exited])) !== undefined) await cluster.startRedis();
    await progress;
    const recoveredMs = Math.round(performance.now() - roomAt);
    await crowd.synced();
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('a full disk for Redis (always)', { recoveredMs, restarts });
  });
});
