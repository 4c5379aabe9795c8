import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { type RunningProcess, startProcess } from '../testing/services/child-process.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../testing/services/temporary-directory.ts';
import { connectDatabase, type DatabaseConnection } from './connect-database.ts';
import { checkMigrated, migrate } from './migrate.ts';
import { type PgliteHost, startPglite } from './pglite-host.ts';

const PROGRAM = fileURLToPath(new URL('./testing/pglite-process-main.ts', import.meta.url));

function startProgram(args: readonly string[], ready: (running: RunningProcess) => boolean) {
  const command = process.execPath;
  return startProcess({
    name: args[0] ?? '',
    command,
    args: [PROGRAM, ...args],
    ready,
    readyWithinMs: 60_000,
  });
}

function socketDirOf(host: PgliteHost): string {
  return 'host' in host.address ? host.address.host : expect.fail('the address is a socket directory');
}

describe('embedded database in memory', () => {
  let host: PgliteHost;
  let database: DatabaseConnection;
  beforeAll(async () => {
    host = await startPglite({ dataDir: null, idleInTransactionMs: 1_000 });
    database = await connectDatabase(host.address, { applicationName: 'test' });
    await migrate(database.db);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await host.stop();
    expect(existsSync(socketDirOf(host))).toBe(false);
  });

  it('is reachable for its owner only', () => {
    const directory = socketDirOf(host);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(directory))
      expect(statSync(`${directory}/${file}`).mode & 0o777).toBe(0o600);
  });

  it('serves twelve connections of two processes, with transactions, and mixes nothing up', async () => {
    const clients = await Promise.all(
      ['one', 'two'].map((name) => startProgram(['client', host.url, name], () => true)),
    );
    for (const client of clients) {
      expect(await client.exited).toEqual({ code: 0, signal: null });
      await eventually(() => client.output().includes('exercised'), {
        what: `"exercised": ${client.output()}`,
      });
    }
  }, 60_000);

  it('goes on after an error, within a transaction too', async () => {
    await expect(database.pool.query('SELECT nothing')).rejects.toThrow('does not exist');
    await expect(
      database.db.transaction().execute(async (transaction) => {
        await transaction.insertInto('log_heads').values(head('undone')).execute();
        await transaction.insertInto('log_heads').values(head('undone')).execute();
      }),
    ).rejects.toThrow('duplicate key');
    expect(await hasHead('undone')).toBe(false);
  });

  it.each([
    ['is killed', true],
    ['stays silent', false],
  ])(
    'rolls back for a client that %s within a transaction',
    async (_what, isKilled) => {
      const client = await startProgram(['hanger', host.url], (running) =>
        running.output().includes('hanging'),
      );
      if (isKilled) client.kill('SIGKILL');
      // Answered at all: the transaction that was left open no longer keeps the others out.
      expect(await hasHead('left-open')).toBe(false);
      await client.stop({ signal: 'SIGKILL' });
    },
    60_000,
  );

  const head = (docId: string) => ({
    doc_id: docId,
    epoch: 1,
    last_seq: 1,
    covered_epoch: null,
    covered_seq: null,
  });

  async function hasHead(docId: string): Promise<boolean> {
    const row = await database.db
      .selectFrom('log_heads')
      .select('doc_id')
      .where('doc_id', '=', docId)
      .executeTakeFirst();
    return row !== undefined;
  }
});

describe('embedded database in DATA_DIR', () => {
  it('LOG1 keeps what it acknowledged through kill -9, again and again', async () => {
    const dataDir = temporaryDirectory('pglite');
    const acknowledged = new Map<string, number>();
    for (let round = 1; round <= 4; round++) {
      const acks = (running: RunningProcess) => [...running.output().matchAll(/^ack (\S+) (\d+)\n/gm)];
      const writer = await startProgram(
        ['writer', dataDir, `round${round}`],
        (running) => acks(running).length > 300,
      );
      if (round === 1) await expect(startPglite({ dataDir })).rejects.toThrow('in use by another process');
      writer.kill('SIGKILL');
      expect(await writer.exited).toEqual({ code: null, signal: 'SIGKILL' });
      for (const [, docId = '', seq] of acks(writer)) acknowledged.set(docId, Number(seq));
    }
    const host = await startPglite({ dataDir });
    const database = await connectDatabase(host.address, { applicationName: 'test' });
    await checkMigrated(database.db);
    expect(acknowledged.size).toBe(16);
    for (const [docId, last] of acknowledged) {
      const rows = await database.db
        .selectFrom('log_entries')
        .select(['seq', 'update'])
        .where('doc_id', '=', docId)
        .orderBy('seq')
        .execute();
      expect(rows.slice(0, last).map(({ seq }) => seq)).toEqual(
        Array.from({ length: last }, (_, i) => i + 1),
      );
      expect(rows.every(({ seq, update }) => Buffer.alloc(100, seq).equals(update))).toBe(true);
    }
    await database.close();
    await host.stop();
    removeTemporaryDirectory(dataDir);
  }, 180_000);

  it('is free again after it was stopped', async () => {
    const dataDir = temporaryDirectory('pglite');
    for (let round = 0; round < 2; round++) {
      const host = await startPglite({ dataDir });
      await expect(startPglite({ dataDir })).rejects.toThrow('in use by another process');
      await host.stop();
      await eventually(() => !existsSync(socketDirOf(host)), { what: 'the socket is gone' });
    }
    removeTemporaryDirectory(dataDir);
  }, 90_000);
});
