import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually, withDeadline } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import type { Ending } from '@kryton/engine/testing/services/child-process.ts';
import { type StockClient, stockClient } from '@kryton/server/testing/stock-client.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Crowd } from './testing/crowd.ts';
import { field } from './testing/guarded-cluster.ts';
import { isInFull, lastingMs } from './testing/lasting.ts';
import { expectPromiseKept } from './testing/promise.ts';
import { INFRA_PROXIES } from './testing/proxies/infra-proxies.ts';
import { type Front, type ProxiedCluster, startProxiedCluster } from './testing/proxies/proxied-cluster.ts';
import { SPOOFED_ADDRESS } from './testing/proxies/visitor.ts';

const PROXIES = Object.keys(INFRA_PROXIES);
const EDITORS = 8;
/** A stock client gives up a connection that was silent for 30 s. */
const IDLE_MS = lastingMs(180_000, 35_000);
const RELOADS = isInFull() ? 5 : 1;
const EDITS = isInFull() ? 300 : 40;
const PATIENCE = { withinMs: 20_000 };
const LONG = { timeout: IDLE_MS + 180_000 };
const PASSWORD = randomUUID();
const ENV = {
  DRAIN_SECONDS: '3',
  PLUGINS_DIR: fileURLToPath(new URL('../../server/plugins', import.meta.url)),
};
/** What somebody does at each proxy, as the audit log calls it. */
const RECORDED = ['sign-up', 'sign-in', 'document-created', 'sign-out'];
/** Bytes that are no update; as many as an import may have, but for some headers' worth. */
const LARGE_BODY = 'x'.repeat(49 * 1024 * 1024);

/** As much of one as is looked at here. */
type AuditEvent = Readonly<Record<'kind' | 'actor' | 'docId' | 'address', string | null>>;
type Idle = { readonly client: StockClient; readonly since: number };

describe('two nodes behind each proxy of infra/, with TLS', () => {
  let cluster: ProxiedCluster;
  const idle = new Map<Front, Idle>();
  beforeAll(async () => {
    cluster = await startProxiedCluster(ENV);
    for (const front of cluster.fronts) await comeIn(front);
  }, LONG.timeout);
  afterAll(async () => {
    for (const { client } of idle.values()) client.close();
    await cluster.stop();
  });

  const frontOf = (name: string): Front =>
    cluster.fronts.find((front) => front.name === name) ?? expect.fail(`there is ${name}`);
  const clientBehind = ({ visitor }: Front, docId: string): StockClient =>
    stockClient(visitor.base, docId, {
      as: visitor.credentials,
      connection: visitor.connection,
      presence: false,
    });
  const crowdBehind = ({ name, visitor }: Front, purpose: string): Crowd =>
    new Crowd({
      clients: EDITORS,
      docIds: [`${purpose}-${name}`],
      bases: [visitor.base],
      as: visitor.credentials,
      connection: visitor.connection,
      seed: seedFor(`${purpose} behind ${name}`),
    });
  const connections = async (): Promise<number[]> =>
    await Promise.all(cluster.inside.nodes.map((node) => node.metric('kryton_connections')));

  /** Signs up, and opens a document that is left alone from then on. */
  async function comeIn(front: Front): Promise<void> {
    const { name, visitor } = front;
    const account = { name, email: `${name}@example.com`, password: PASSWORD };
    const { status, body } = await visitor.browser.post('/api/auth/sign-up/email', account);
    expect(status, JSON.stringify(body)).toBe(200);
    const client = clientBehind(front, `idle-${name}`);
    await client.synced();
    idle.set(front, { client, since: performance.now() });
  }

  /** A proxy may think for a moment, on a busy machine, that a node is not well: then everybody comes again. */
  async function crowdOnBothNodes(front: Front, purpose: string): Promise<Crowd> {
    return await eventually(
      async () => {
        const before = await connections();
        const crowd = crowdBehind(front, purpose);
        await crowd.synced(PATIENCE.withinMs);
        const now = await connections();
        if (now.every((count, node) => count > (before[node] ?? 0))) return crowd;
        crowd.close();
        return null;
      },
      { what: 'there are editors on both nodes', withinMs: 60_000, everyMs: 1_000 },
    );
  }

  async function expectKept({ visitor }: Front, crowd: Crowd): Promise<void> {
    await expectPromiseKept({ ...cluster.inside, somebody: visitor.credentials }, crowd, PATIENCE);
  }

  describe.each(PROXIES)('%s', (name) => {
    let front: Front;
    beforeAll(() => {
      front = frontOf(name);
    });

    it('people sign in; the audit log has their address, and not the one that they claim to have', async () => {
      const { browser, address } = front.otherBrowser();
      const account = { email: `${name}@example.com`, password: PASSWORD };
      const signedIn = await browser.post('/api/auth/sign-in/email', account);
      expect(signedIn.status).toBe(200);
      expect(signedIn.headers.getSetCookie().join()).toMatch(/^__Secure-.*; Secure/);
      const created = await browser.post('/api/docs', { title: name });
      expect(created.status).toBe(201);
      expect((await browser.post('/api/auth/sign-out')).status).toBe(200);
      const actor: unknown = Reflect.get(Object(Reflect.get(Object(signedIn.body), 'user')), 'id');
      const events = await eventually(
        async () => {
          const seen = (await auditEvents()).filter((event) => event.actor === `user:${actor}`);
          // A document that was created by opening it has no address.
          const recorded = seen.filter(
            ({ kind, docId }) =>
              RECORDED.includes(kind ?? '') && (docId ?? field(created, 'id')) === field(created, 'id'),
          );
          return new Set(recorded.map(({ kind }) => kind)).size === RECORDED.length && recorded;
        },
        { what: 'the audit log has it all', ...PATIENCE },
      );
      expect(new Set(events.map((event) => event.address))).toEqual(new Set([address]));
      expect(JSON.stringify(await auditEvents())).not.toContain(SPOOFED_ADDRESS);
    });

    it('imports of nearly 50 MB reach a node, and plugins have their WebSockets', async () => {
      const { browser, base, connection, credentials } = front.visitor;
      const large = await browser.send(
        'POST',
        `/api/docs/idle-${name}/updates`,
        { 'content-type': 'application/octet-stream' },
        LARGE_BODY,
      );
      // The node's own word about what it has read.
      expect([large.status, large.body]).toEqual([
        400,
        { error: expect.objectContaining({ code: 'badRequest' }) },
      ]);
      const headers = { ...connection.headers, ...credentials };
      const chat = new WebSocket(`${base}/ws/plugins/chat/idle-${name}`, { ...connection, headers });
      await withDeadline(() => once(chat, 'open'), PATIENCE.withinMs);
      chat.close();
    });

    it('WIRE1 people edit on both nodes while it is reloaded for a new certificate: nobody is cut off', async () => {
      const crowd = await crowdOnBothNodes(front, 'reload');
      crowd.startEditing();
      await crowd.progress(EDITS, LONG.timeout);
      for (let reload = 0; reload < RELOADS; reload += 1) {
        const fingerprint = await cluster.renewCertificate();
        await front.proxy.reload();
        await eventually(async () => (await front.visitor.certificateShown()) === fingerprint, {
          what: 'the new certificate is shown',
          ...PATIENCE,
        });
        await crowd.progress(EDITS, LONG.timeout);
      }
      crowd.stopEditing();
      await expectKept(front, crowd);
      expect(crowd.clients.flatMap(({ closeCodes }) => closeCodes)).toEqual([]);
      recordRecovery(`${name}: reloads while ${EDITORS} people edit`, {
        reloads: RELOADS,
        acknowledgedEdits: crowd.acknowledged,
        connectionsCut: 0,
      });
      crowd.close();
    });
  });

  it.each(PROXIES)('WIRE4 %s leaves a session alone that has nothing to say', LONG, async (name) => {
    const front = frontOf(name);
    const { client, since } = idle.get(front) ?? expect.fail('there is an idle client');
    await eventually(() => client.losses() > 0 || performance.now() - since >= IDLE_MS, {
      what: 'it was idle for long enough, or was cut off',
      withinMs: LONG.timeout,
      everyMs: 200,
    });
    expect(client.losses()).toBe(0);
    client.text.insert(0, 'still here');
    const reader = clientBehind(front, `idle-${name}`);
    await eventually(() => reader.text.toString() === 'still here', {
      what: 'it is still heard',
      ...PATIENCE,
    });
    reader.close();
    recordRecovery(`${name}: a session that says nothing`, {
      idleSeconds: Math.floor((performance.now() - since) / 1_000),
      connectionsCut: client.losses(),
    });
  });

  describe('a node gets SIGTERM while people edit behind every proxy', () => {
    const crowds = new Map<string, Crowd>();
    let since = 0;
    let acceptedMeanwhile = 0;
    let ended: Ending | null = null;
    beforeAll(async () => {
      for (const front of cluster.fronts) crowds.set(front.name, await crowdOnBothNodes(front, 'drain'));
      for (const crowd of crowds.values()) crowd.startEditing();
      for (const crowd of crowds.values()) await crowd.progress(20, PATIENCE.withinMs);
      const [leaving] = cluster.inside.nodes;
      if (!leaving) return expect.fail('there is a node');
      const accepted = () => leaving.metric('kryton_upgrades_total', 'result="accepted"');
      const acceptedBefore = await accepted();
      since = performance.now();
      leaving.process().kill('SIGTERM');
      let hasEnded = false;
      void leaving.process().exited.then(() => {
        hasEnded = true;
      });
      await eventually(
        async () => {
          if (!hasEnded) acceptedMeanwhile = Math.max(acceptedMeanwhile, (await accepted()) - acceptedBefore);
          return hasEnded;
        },
        { what: 'the node has left', withinMs: 60_000, everyMs: 50 },
      );
      for (const crowd of crowds.values()) await crowd.progress(20, PATIENCE.withinMs);
      ended = await leaving.process().exited;
      await leaving.start();
    }, LONG.timeout);
    afterAll(() => {
      for (const crowd of crowds.values()) crowd.close();
    });

    it('DRAIN1 it ends by itself, and has answered no upgrade since', () => {
      expect(ended).toEqual({ code: 0, signal: null });
      expect(acceptedMeanwhile).toBe(0);
    });

    it.each(PROXIES)(
      'DRAIN2 nobody behind %s is away for 5 s; the node gets new clients once it is back',
      async (name) => {
        const front = frontOf(name);
        const crowd = crowds.get(name) ?? expect.fail('there is a crowd');
        crowd.stopEditing();
        await crowd.synced(PATIENCE.withinMs);
        const awayMs = Math.round(crowd.longestAbsenceMs(since));
        expect(awayMs).toBeLessThan(5_000);
        await expectKept(front, crowd);
        recordRecovery(`${name}: a node drains while ${EDITORS} people edit`, { longestAwayMs: awayMs });
        const [before = 0] = await connections();
        const back: StockClient[] = [];
        await eventually(
          async () => {
            back.push(clientBehind(front, `idle-${name}`));
            const [now = 0] = await connections();
            return now > before;
          },
          { what: 'the node that is back gets clients', everyMs: 250, ...PATIENCE },
        );
        for (const client of back) client.close();
      },
    );
  });

  /** The newest events; the admin came past all proxies. */
  async function auditEvents(): Promise<AuditEvent[]> {
    const { bases, somebody } = cluster.inside;
    const url = `${bases[0]?.replace(/^ws/, 'http')}/api/admin/audit?limit=200`;
    const answer = await fetch(url, { headers: somebody, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`the audit log is not readable: ${answer.status} ${await answer.text()}`);
    const { events } = (await answer.json()) as { events: AuditEvent[] };
    return events;
  }
});
