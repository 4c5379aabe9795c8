import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SqlAccess } from '../access/sql-access.ts';
import { AccountRows } from '../testing/account-rows.ts';
import { knownPeople } from '../testing/known-people.ts';
import { rawClient } from '../testing/raw-client.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

/** Of the log; what a node asks for by itself all the time is not among them. */
const PER_DOCUMENT = new Set(['open', 'read', 'append', 'subscribe', 'publishPresence', 'trim']);

describe('before authentication', () => {
  let cluster: TestCluster;
  const calls: string[] = [];
  const people = knownPeople();
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    cluster = await startTestCluster(urls, (database) => {
      const counting = database.withPlugin({
        transformQuery: ({ node }) => {
          calls.push('sql');
          return node;
        },
        transformResult: async ({ result }) => result,
      });
      const access = new SqlAccess({
        database: counting,
        audit: recordedAudit(),
        timers: systemTimers,
        now: Date.now,
        createOnOpen: true,
      });
      const between = <Log extends object>(log: Log): Log =>
        new Proxy(log, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== 'function') return value;
            if (typeof name === 'string' && PER_DOCUMENT.has(name)) calls.push(name);
            return value.bind(target);
          },
        });
      return [{ authenticator: people, access, between, reviewEveryMs: 600_000 }];
    });
  });
  afterAll(() => cluster.stop());

  it('ACC5 a connection costs no Redis, no SQL and no document memory; one that is refused no document', async () => {
    const { port, metric } = nodeAt(cluster, 0);
    const docId = freshDoc();
    calls.length = 0;
    for (const token of [undefined, 'unknown', 'unknown2']) {
      await expect(rawClient(port, docId, token)).rejects.toThrow('HTTP 401');
    }
    expect(calls).toEqual([]);
    expect(await metric('kryton_documents')).toBe(0);

    const rows = new AccountRows(cluster.database);
    const [alice, eve] = [await rows.user(), await rows.user()];
    const owned = await rows.document({ [alice.id]: 'owner' });
    calls.length = 0;
    await expect(rawClient(port, owned, people.tokenOf(eve))).rejects.toThrow('HTTP 404');
    expect(calls).toEqual(['sql']);
    expect(await metric('kryton_documents')).toBe(0);

    const client = await rawClient(port, owned, people.tokenOf(alice));
    await client.next('sync-step-1');
    expect(calls).toContain('open');
    expect(await metric('kryton_documents')).toBe(1);
    client.close();
  });
});
