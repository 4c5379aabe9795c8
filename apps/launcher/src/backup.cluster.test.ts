import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { Browser } from '@kryton/server/testing/browser-cookies.ts';
import { type Credentials, PAGE_ORIGIN } from '@kryton/server/testing/sign-up.ts';
import { type StockClient, stockClient } from '@kryton/server/testing/stock-client.ts';
import { afterAll, describe, expect, it, onTestFailed } from 'vitest';
import * as Y from 'yjs';
import { Crowd } from './testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from './testing/fault-cluster.ts';

const BACKUP_MAIN = fileURLToPath(new URL('../../worker/src/backup/main.ts', import.meta.url));
const PASSWORD = randomUUID();
/** Each start has its own deadline, which says what was wrong. */
const TWO_STARTS_MS = 300_000;
const DOCUMENTS = ['one', 'two', 'three', 'four'];

type Stores = { readonly redisUrl: string; readonly postgresUrl: string };
type Outcome = { readonly code: number; readonly said: string };

describe('backup and restore', () => {
  const dir = temporaryDirectory('backup');
  const [early, whole] = [join(dir, 'early'), join(dir, 'whole')];
  let target: FaultCluster | null = null;
  afterAll(async () => {
    await target?.stop();
    removeTemporaryDirectory(dir);
  });

  const storesOf = (cluster: FaultCluster): Stores => ({
    redisUrl: cluster.redisUrl,
    postgresUrl: cluster.postgres.url,
  });

  it(
    'documents of a running cluster are restored into an empty one, equal by state vector and text, with their owners',
    async () => {
      const source = await startFaultCluster({ nodes: 2, isDirect: true });
      onTestFailed(() => source.stop());
      const ann = await person(source, 'ann');
      const bob = await person(source, 'bob');
      const crowd = new Crowd({
        clients: 12,
        docIds: DOCUMENTS,
        bases: source.bases,
        as: ann.credentials,
        seed: seedFor('backup'),
      });
      const from = storesOf(source);

      // While everybody edits, what was acknowledged before is in the backup.
      await crowd.synced();
      crowd.startEditing();
      await crowd.progress(100);
      const promised = crowd.clients.map((client) => ({ client, tokens: client.promised() }));
      await succeeds(['backup', '--to', early], from);
      crowd.stopEditing();
      await eventually(() => crowd.unacknowledged === 0, {
        what: 'everything is acknowledged',
        withinMs: 20_000,
      });
      const earlier = textsIn(early);
      for (const { client, tokens } of promised) {
        const text = earlier.get(client.docId) ?? '';
        // What was erased since may have been so before the backup came to its document.
        const gone = client.erased();
        for (const token of tokens) if (!gone.has(token)) expect(text.split(token)).toHaveLength(2);
      }

      // Owners, grants, a document without content, and one that is deleted.
      await ann.browser.send(
        'PUT',
        `/api/docs/one/grants/user:${bob.id}`,
        json,
        JSON.stringify({ role: 'viewer' }),
      );
      await ann.browser.post('/api/docs', { id: 'empty', title: 'Nothing yet' });
      await ann.browser.post('/api/docs', { id: 'deleted' });
      await ann.browser.send('DELETE', '/api/docs/deleted');
      await eventually(
        () => new Set(crowd.clients.filter(({ docId }) => docId === 'one').map(shownBy)).size === 1,
        {
          what: 'all have the same',
        },
      );
      await succeeds(['backup', '--to', whole], from);
      await succeeds(['restore', '--from', whole, '--check']);
      const grants = ({ browser }: Person) => browser.get('/api/docs/one/grants').then(({ body }) => body);
      const granted = await grants(ann);
      // What is restored comes from the backup and from nowhere else.
      for (const client of crowd.clients) client.leave();
      await source.stop();

      let restored = '';
      target = await startFaultCluster({
        nodes: 1,
        isDirect: true,
        prepare: async (stores) => {
          restored = await succeeds(['restore', '--from', whole], stores);
        },
      });
      expect(restored).toContain('restored: 5 documents');

      // They sign in with the passwords they had, and find what they had.
      const annThere = await person(target, 'ann', 'sign-in');
      const bobThere = await person(target, 'bob', 'sign-in');
      const [base = ''] = target.bases;
      for (const docId of DOCUMENTS) {
        const copy = await open(base, docId, annThere.credentials);
        const original =
          crowd.clients.find((client) => client.docId === docId) ?? expect.fail('somebody edits it');
        expect(copy.text.toString()).toBe(original.text.toString());
        expect(Y.encodeStateVector(copy.doc)).toEqual(Y.encodeStateVector(original.doc));
        expect(shownBy(copy)).toEqual(shownBy(original));
        copy.close();
      }
      expect((await annThere.browser.get('/api/docs/empty')).body).toMatchObject({ title: 'Nothing yet' });
      expect((await annThere.browser.get('/api/docs/deleted')).status).toBe(404);
      expect(await grants(annThere)).toEqual(granted);
      expect((await bobThere.browser.get('/api/docs/one')).status).toBe(200);
      expect((await bobThere.browser.get('/api/docs/two')).status).toBe(404);

      // And go on: a new epoch begins behind what was restored.
      const [writer, reader] = [
        await open(base, 'one', annThere.credentials),
        await open(base, 'one', bobThere.credentials),
      ];
      writer.text.insert(0, 'after the restore');
      await eventually(() => reader.text.toString() === writer.text.toString(), {
        what: 'the reader sees it',
      });
      for (const client of [writer, reader]) client.close();
      crowd.close();
    },
    TWO_STARTS_MS,
  );

  it('refuses what is not empty, not whole or not there, and with --merge adds what is missing and takes nothing away', async () => {
    const cluster = target ?? expect.fail('the first test has restored');
    const stores = storesOf(cluster);
    const ann = await person(cluster, 'ann', 'sign-in');
    const [base = ''] = cluster.bases;
    const before = await contentOf(ann, 'one');
    expect(await command(['restore', '--from', whole], stores)).toEqual({
      code: 1,
      said: expect.stringContaining('this cluster is not empty (documents, users, a log of '),
    });
    expect(await command(['backup', '--to', whole], stores)).toMatchObject({
      code: 1,
      said: expect.stringContaining('give a directory that is empty'),
    });

    // One document is deleted, and everything in another.
    await ann.browser.send('DELETE', '/api/docs/two');
    await eventually(
      async () => {
        const { rows } = await cluster.database.pool.query(
          `SELECT FROM document_snapshots WHERE doc_id = 'two'`,
        );
        return rows.length === 0;
      },
      { what: 'what is left of it is removed', withinMs: 20_000, everyMs: 100 },
    );
    const writer = await open(base, 'three', ann.credentials);
    writer.text.delete(0, writer.text.length);
    await eventually(async () => (await contentOf(ann, 'three')) === '', {
      what: 'it is empty for everybody',
    });
    await succeeds(['restore', '--from', whole, '--merge'], stores);
    const texts = textsIn(whole);
    await eventually(async () => (await contentOf(ann, 'two')) === texts.get('two'), {
      what: 'the deleted document is back',
    });
    expect(await contentOf(ann, 'one')).toBe(before);
    // That was deleted by somebody, which the backup knows nothing about.
    expect(await contentOf(ann, 'three')).toBe('');
    writer.close();

    const [folder = ''] = readdirSync(join(whole, 'states'));
    const [name = ''] = readdirSync(join(whole, 'states', folder));
    const state = join(whole, 'states', folder, name);
    const bytes = readFileSync(state);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    writeFileSync(state, bytes);
    for (const option of ['--check', '--merge']) {
      expect(await command(['restore', '--from', whole, option], stores)).toEqual({
        code: 1,
        said: expect.stringContaining('is not what was written: states/'),
      });
    }
    expect(await command(['restore', '--from', join(dir, 'nowhere'), '--check'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('is no backup, or one that was not finished'),
    });
  });
});

const json = { 'content-type': 'application/json' };

type Person = { readonly id: string; readonly browser: Browser; readonly credentials: Credentials };

/** Somebody who signs up, or in, with the password of this test. */
async function person(
  { bases }: FaultCluster,
  name: string,
  how: 'sign-up' | 'sign-in' = 'sign-up',
): Promise<Person> {
  const browser = new Browser((bases[0] ?? '').replace(/^ws/, 'http'), PAGE_ORIGIN, '198.51.100.7');
  const email = `${name}@example.com`;
  const { status, body } = await browser.post(`/api/auth/${how}/email`, { name, email, password: PASSWORD });
  if (status !== 200) throw new Error(`${name} cannot ${how}: ${status} ${JSON.stringify(body)}`);
  const user: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'user') : null;
  const id: unknown = typeof user === 'object' && user !== null ? Reflect.get(user, 'id') : null;
  return { id: String(id), browser, credentials: { cookie: browser.cookieHeader, origin: PAGE_ORIGIN } };
}

async function open(base: string, docId: string, as: Credentials): Promise<StockClient> {
  const client = stockClient(base, docId, { as });
  await client.synced();
  return client;
}

async function contentOf({ browser }: Person, docId: string): Promise<string> {
  const { status, body } = await browser.send('GET', `/api/docs/${docId}/content`, {
    accept: 'application/json',
  });
  if (status !== 200) throw new Error(`${docId}: ${status}`);
  const text: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'content') : undefined;
  return typeof text === 'string' ? text : '';
}

/** State vector and delete set. */
function shownBy({ doc }: { readonly doc: Y.Doc }): string {
  return Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))).toString('hex');
}

/** The text of each document of a backup, read as the format says and without our code. */
function textsIn(backup: string): Map<string, string> {
  const lines = readFileSync(join(backup, 'documents.jsonl'), 'utf8').split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const { id, state } = JSON.parse(line);
      const doc = new Y.Doc();
      if (state !== null) {
        const { sha256 } = state;
        Y.applyUpdate(doc, readFileSync(join(backup, 'states', sha256.slice(0, 2), sha256)));
      }
      return [id, doc.getText('content').toString()];
    }),
  );
}

/** `npm run backup` or `npm run restore`; without stores it has none. */
function command(words: readonly string[], stores?: Stores): Promise<Outcome> {
  const env = { ...process.env, REDIS_URL: stores?.redisUrl, DATABASE_URL: stores?.postgresUrl };
  return new Promise((resolve) => {
    const options = { env, timeout: 60_000 };
    execFile(process.execPath, [BACKUP_MAIN, ...words], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), said: `${stdout}${stderr}` });
    });
  });
}

/** What the command said; throws an Error with it when it failed. */
async function succeeds(words: readonly string[], stores?: Stores): Promise<string> {
  const { code, said } = await command(words, stores);
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${said}`);
  return said;
}
