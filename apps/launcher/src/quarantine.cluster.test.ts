import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { startPglite } from '@kryton/engine/database/pglite-host.ts';
import { EmbeddedUpdateLog } from '@kryton/engine/log/embedded-update-log.ts';
import { ORIGIN } from '@kryton/engine/log/position.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { updateOf } from '@kryton/worker/quarantine/testing/poison.ts';
import { runQuarantineCommand } from '@kryton/worker/quarantine/testing/run-command.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningCommand, startEmbedded } from './testing/commands.ts';

const DOC = parseDocId('poisoned') ?? expect.fail('a document id');

describe('npm run quarantine, embedded', () => {
  let dataDir: string;
  let running: RunningCommand | null = null;
  const whole = updateOf('repaired ', 2);

  beforeAll(async () => {
    dataDir = temporaryDirectory('quarantine');
    // As an earlier version may have left it, which accepted what this one cannot read.
    const host = await startPglite({ dataDir });
    const database = await connectDatabase(host.address, { applicationName: 'test' });
    await migrate(database.db);
    const log = new EmbeddedUpdateLog(database.db, () => Date.now());
    const { last } = await log.open(DOC, ORIGIN);
    for (const update of [updateOf('first ', 1), whole.subarray(0, whole.length - 3)]) {
      await log.append(DOC, last, update);
    }
    await database.close();
    await host.stop();
  });
  afterAll(async () => {
    await running?.stop();
    removeTemporaryDirectory(dataDir);
  });

  const run = (...args: string[]) =>
    runQuarantineCommand(args, { DATA_DIR: dataDir, REDIS_URL: '', DATABASE_URL: '' }, dataDir);

  it('LOG9 is served by npm start, which holds DATA_DIR, while people edit', async () => {
    running = await startEmbedded({ dataDir });
    const [first = '', second = ''] = running.nodes;
    const { somebody: as } = running;
    const clients = [stockClient(first, DOC, { as }), stockClient(second, DOC, { as })];
    const [author] = clients;
    await Promise.all(clients.map((client) => client.synced()));
    expect(author?.text.toString()).toBe('first ');
    // The first sweep folds what nobody asked for.
    const id = await eventually(
      async () => {
        const { stdout } = await run('list', '--json');
        return stdout === '' ? null : String(JSON.parse(stdout).id);
      },
      { what: 'it is set aside', withinMs: 40_000, everyMs: 500 },
    );
    expect((await run('show', id)).stdout).toMatch(/^guard +refuses it: /m);
    expect(await run('release', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it does not pass'),
    });
    expect((await run('export', id, '--to', 'half')).code).toBe(0);
    expect(existsSync(join(dataDir, 'half')), 'where the operator is').toBe(true);

    writeFileSync(join(dataDir, 'whole'), whole);
    author?.text.insert(0, 'zeroth ');
    const released = await run('release', id, '--from', 'whole');
    expect(released).toMatchObject({ code: 0, stderr: '' });
    expect(released.stdout).toMatch(/^released: .*\nfolded: /);
    for (const { text } of clients) {
      await eventually(() => text.toString().includes('repaired '), { what: 'both nodes sent it' });
      expect(text.toString()).toContain('zeroth ');
    }
    expect(await run('show', '999')).toMatchObject({
      code: 1,
      stderr: 'there is no item 999: npm run quarantine lists what is set aside\n',
    });
    for (const client of clients) client.close();
  });

  it('LOG9 works on DATA_DIR alone when nothing runs', async () => {
    await running?.stop();
    running = null;
    expect(await run()).toEqual({ code: 0, stdout: 'Nothing is set aside.\n', stderr: '' });
    expect((await run('list', '--all')).stdout).toContain('entry (released)');
    expect(await run('release', DOC)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`the document ${DOC} is not set aside as a whole`),
    });
  });

  it('says what to do where DATA_DIR is held by somebody who does not answer', async () => {
    const host = await startPglite({ dataDir });
    expect(await run()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is in use by a process that does not answer: stop it/),
    });
    await host.stop();
  });
});
