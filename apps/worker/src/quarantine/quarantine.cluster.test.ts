import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logKey } from '@kryton/engine/log/keys.ts';
import { formatPosition, ORIGIN } from '@kryton/engine/log/position.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { type StockClient, stockClient } from '@kryton/server/testing/stock-client.ts';
import { startTestNode, type TestNode } from '@kryton/server/testing/test-node.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { type RigWorker, startWorkerRig, type WorkerRig } from '../testing/worker-rig.ts';
import { bottomless, updateOf } from './testing/poison.ts';
import { runQuarantineCommand } from './testing/run-command.ts';

describe('npm run quarantine, on a cluster', () => {
  let rig: WorkerRig;
  let worker: RigWorker;
  let node: TestNode;
  let redis: Redis;
  let directory: string;
  const clients: StockClient[] = [];

  beforeAll(async () => {
    rig = await startWorkerRig({ LOG_KEEP_SECONDS: '0' });
    worker = await rig.startWorker('worker-1');
    node = await startTestNode({ name: 'node-1', redisUrl: rig.redis.url, snapshots: rig.snapshots });
    redis = new Redis(rig.redis.url);
    directory = temporaryDirectory('quarantine');
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    redis.disconnect();
    await node.stop();
    await rig.stop();
    removeTemporaryDirectory(directory);
  });

  /** How many entries a log has had, those that were trimmed included. */
  const everLogged = async (docId: DocId): Promise<number> => {
    const fields = (await redis.xinfo('STREAM', logKey(docId))) as unknown[];
    return Number(fields[fields.indexOf('entries-added') + 1]);
  };
  const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
  const run = (...args: string[]) => runQuarantineCommand(args, rig.env);

  async function open(docId: DocId): Promise<StockClient> {
    const client = stockClient(`ws://127.0.0.1:${node.port}`, docId, { presence: false });
    clients.push(client);
    await client.synced();
    return client;
  }
  const logged = (client: StockClient, docId: DocId) =>
    eventually(async () => isSame(await rig.load(docId), client.doc), {
      what: `the stores of ${docId} hold what its client has`,
    });
  const folded = (client: StockClient, docId: DocId) =>
    eventually(
      async () => {
        const doc = new Y.Doc();
        const snapshot = await rig.snapshots.load(docId);
        if (snapshot) Y.applyUpdate(doc, snapshot.state);
        return isSame(doc, client.doc);
      },
      { what: `the snapshot of ${docId} holds what its client has`, withinMs: 15_000 },
    );
  /** Straight into the stream, as a program does that knows nothing of the guard. */
  async function poison(docId: DocId, bytes: Uint8Array): Promise<void> {
    const { last } = await rig.log.open(docId, ORIGIN);
    await redis.xadd(logKey(docId), `${last.epoch}-*`, 't', String(Date.now()), 'u', Buffer.from(bytes));
  }
  async function setAsideItem(docId: DocId): Promise<number> {
    const [item] = await eventually(
      async () => {
        const items = await rig.quarantine.list({ limit: 10, docId });
        return items.length > 0 && items;
      },
      { what: `something of ${docId} is set aside`, withinMs: 15_000 },
    );
    return item?.id ?? expect.fail('it has an id');
  }

  it('LOG9 an entry that cannot be read is set aside, looked at, repaired and released, while everybody edits', async () => {
    const [docId, other] = [freshDoc(), freshDoc()];
    const [client, bystander] = [await open(docId), await open(other)];
    client.text.insert(0, 'before ');
    await logged(client, docId);
    const whole = updateOf('repaired ');
    const half = whole.subarray(0, whole.length - 3);
    await poison(docId, half);
    client.text.insert(client.text.length, 'after ');
    bystander.text.insert(0, 'undisturbed');
    for (const each of [docId, other]) await rig.jobs.scheduleFold(each, 500);
    const id = await setAsideItem(docId);
    await Promise.all([folded(client, docId), folded(bystander, other)]);
    expect(await worker.metric('kryton_quarantine_total')).toBeGreaterThan(0);

    const listed = await run('list', '--doc', docId);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toMatch(/^ID +KIND +DOCUMENT +POSITION +BYTES +WHEN +REASON$/m);
    expect(listed.stdout).toMatch(new RegExp(`^${id} +entry +${docId} +\\d+-\\d+ +${half.length} `, 'm'));
    const [json] = (await run('list', '--doc', docId, '--json')).stdout.trim().split('\n');
    expect(JSON.parse(json ?? '')).toMatchObject({ id, kind: 'entry', docId, sizeBytes: half.length });

    const shown = await run('show', String(id));
    expect(shown.stdout).toMatch(/^guard +refuses it: .*\(unreadable\)$/m);
    expect(shown.stdout).toMatch(/^Yjs +refuses it: /m);
    expect(shown.stdout).toMatch(/^holds +claims 1 client, the first \(77\) with 1 struct from clock 0$/m);
    expect(shown.stdout).not.toContain('repaired');

    const file = join(directory, 'half');
    expect((await run('export', String(id), '--to', file)).code).toBe(0);
    expect(Uint8Array.from(readFileSync(file))).toEqual(Uint8Array.from(half));
    expect(await run('export', String(id), '--to', file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it exists already'),
    });

    const before = await rig.log.heads([docId]);
    expect(await run('release', String(id))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/it does not pass, the guard says: .*Export it, repair it/),
    });
    expect(await rig.log.heads([docId]), 'nothing was appended').toMatchObject([{ last: before[0]?.last }]);

    const repaired = join(directory, 'repaired');
    writeFileSync(repaired, whole);
    client.text.insert(client.text.length, 'meanwhile ');
    const released = await run('release', String(id), '--from', repaired);
    expect(released).toMatchObject({ code: 0, stderr: '' });
    expect(released.stdout).toMatch(/^released: entry \d+ was appended .*\nfolded: the snapshot of /);
    await eventually(() => client.text.toString().includes('repaired '), { what: 'the client received it' });
    await folded(client, docId);
    expect(client.text.toString()).toMatch(/before .*after /);

    expect(await run('release', String(id), '--from', repaired)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was released .* nothing was appended now/),
    });
    expect((await run('list', '--doc', docId)).stdout).toBe(`Nothing of ${docId} is set aside.\n`);
    expect((await run('list', '--doc', docId, '--all')).stdout).toContain('entry (released)');
  });

  it('LOG9 what a former version refused is released by this one as it is, once', async () => {
    const docId = freshDoc();
    const client = await open(docId);
    client.text.insert(0, 'there ');
    await logged(client, docId);
    const position = { epoch: 1, seq: 1 };
    const bytes = updateOf('accepted now ');
    await rig.quarantine.setAside({ kind: 'entry', docId, position, reason: 'a stricter guard', bytes });
    const id = await setAsideItem(docId);
    expect((await run('show', String(id))).stdout).toMatch(/^guard +accepts it\nYjs +applies it$/m);

    // As if a release had died between its first and its last step.
    await rig.quarantine.beginRelease(id, false);
    const before = await everLogged(docId);
    expect(await run('release', String(id))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/its end is not known.*add --again/),
    });
    expect(await everLogged(docId)).toBe(before);
    expect(await run('release', String(id), '--again', '--wait', '0')).toMatchObject({ code: 0, stderr: '' });
    await eventually(() => client.text.toString().includes('accepted now '), { what: 'the client has it' });
    expect(await everLogged(docId)).toBe(before + 1);
    expect((await run('release', String(id), '--again')).code).toBe(1);
    await folded(client, docId);
  });

  it('LOG9 an entry whose form is right, and which Yjs cannot apply, is set aside by the fold', async () => {
    const docId = freshDoc();
    const { last } = await rig.log.open(docId, ORIGIN);
    const around = [updateOf('readable ', 5), updateOf('all of it ', 6)];
    const [first = expect.fail('two'), second = expect.fail('two')] = around;
    for (const update of [first, bottomless(), second]) await rig.log.append(docId, last, update);
    await rig.jobs.scheduleFold(docId, 0);
    const id = String(await setAsideItem(docId));
    await eventually(async () => (await rig.snapshots.position(docId))?.seq === 3, { what: 'it is folded' });
    const doc = await rig.load(docId);
    for (const text of ['readable ', 'all of it ']) expect(doc.getText('content').toString()).toContain(text);
    const { stdout } = await run('show', id);
    expect(stdout).toMatch(
      /^holds +structs of 1 client: 9 \(clocks 0 to 11999\); 1 deleted range of 1 client$/m,
    );
    expect(stdout).toMatch(/^guard +refuses it: .*\(nested-too-deep\)$/m);
    expect(stdout).toMatch(/^Yjs +refuses it: .*call stack/m);
    expect(await run('release', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not pass'),
    });
  });

  it('LOG9 a document whose snapshot is broken is set aside, edited on, and folded after its release', async () => {
    const [docId, other] = [freshDoc(), freshDoc()];
    const [client, bystander] = [await open(docId), await open(other)];
    client.text.insert(0, 'first ');
    await logged(client, docId);
    await rig.jobs.scheduleFold(docId, 0);
    await folded(client, docId);
    const intact = (await rig.snapshots.load(docId)) ?? expect.fail('it is folded');
    const store = (state: Uint8Array) =>
      rig.database.pool.query('UPDATE document_snapshots SET state = $1 WHERE doc_id = $2', [
        Buffer.from(state),
        docId,
      ]);
    await store(intact.state.subarray(0, intact.state.length - 4));
    client.text.insert(0, 'second ');
    bystander.text.insert(0, 'undisturbed');
    for (const each of [docId, other]) await rig.jobs.scheduleFold(each, 500);
    const id = await setAsideItem(docId);
    await folded(bystander, other);
    client.text.insert(0, 'third ');

    const shown = await run('show', String(id));
    expect(shown.stdout).toContain(`the document ${docId} as a whole`);
    expect(shown.stdout).toMatch(/^Yjs +refuses it: the stored snapshot cannot be read/m);
    expect(await run('discard', String(id), '--yes')).toMatchObject({ code: 1 });
    const again = await run('release', docId);
    expect(again).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('set aside again: the document'),
    });

    await store(intact.state);
    const released = await run('release', docId);
    expect(released).toMatchObject({ code: 0, stderr: '' });
    expect(released.stdout).toMatch(/^released: .*\nfolded: the snapshot of /);
    await folded(client, docId);
    expect(client.text.toString()).toBe('third second first ');
    expect(await run('release', docId)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`the document ${docId} is not set aside as a whole`),
    });
  });

  it('an entry is discarded only by who means it, and what is not there is said so', async () => {
    const docId = freshDoc();
    const position = { epoch: 1, seq: 1 };
    await rig.quarantine.setAside({ kind: 'entry', docId, position, reason: 'r', bytes: Buffer.from('x') });
    const id = String(await setAsideItem(docId));
    expect(await run('discard', id)).toMatchObject({ code: 2, stderr: expect.stringContaining('add --yes') });
    expect((await run('discard', id, '--yes')).stdout).toContain(
      `discarded: entry ${id} of ${docId}, 1 bytes`,
    );
    for (const words of [
      ['show', id],
      ['export', id, '--to', join(directory, 'none')],
      ['release', id],
    ]) {
      expect(await run(...words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`there is no item ${id}: npm run quarantine lists`),
      });
    }
  });

  it('a store that is away is named, with what to do', async () => {
    const env = { ...rig.env, REDIS_URL: 'redis://127.0.0.1:1' };
    const { code, stderr } = await runQuarantineCommand(['list'], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Redis is unreachable at 127.0.0.1:1 .*start it or correct REDIS_URL\n$/);
  });

  it('LOG2 a release keeps the log dense', async () => {
    const docId = freshDoc();
    const client = await open(docId);
    client.text.insert(0, 'a');
    await logged(client, docId);
    const [head] = await rig.log.heads([docId]);
    const position = { epoch: 1, seq: 1 };
    await rig.quarantine.setAside({ kind: 'entry', docId, position, reason: 'r', bytes: updateOf('b') });
    const { stdout } = await run('release', String(await setAsideItem(docId)), '--wait', '0');
    const last = head?.last ?? expect.fail('it has a log');
    expect(stdout).toContain(`as ${formatPosition({ epoch: last.epoch, seq: last.seq + 1 })}`);
  });
});

function isSame(one: Y.Doc, other: Y.Doc): boolean {
  const [first, second] = [one, other].map((doc) => Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))));
  return (
    first !== undefined && second !== undefined && first.equals(second) && one.store.pendingStructs === null
  );
}
