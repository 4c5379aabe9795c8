import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Authenticator } from '../auth/principal.ts';
import { mountRoutes } from '../http/api.ts';
import { auditRoutes } from '../http/audit-routes.ts';
import { createHttpServer } from '../http/http-server.ts';
import { RateLimits } from '../limits/rate-limits.ts';
import { AuditTrail, type AuditTrailParts } from './audit-trail.ts';

const MANY = 1_000;

describe('the audit trail', () => {
  let database: DatabaseConnection;
  const warnings: string[] = [];
  const trails: AuditTrail[] = [];
  beforeAll(async () => {
    const url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { applicationName: 'audit' });
    await migrate(database.db);
  });
  afterAll(() => database.close());
  afterEach(async () => {
    await Promise.all(trails.splice(0).map((trail) => trail.stop()));
    await database.db.deleteFrom('audit_events').execute();
    warnings.length = 0;
  });

  const start = (parts: Partial<AuditTrailParts> = {}) => {
    const trail = new AuditTrail({
      db: database.db,
      node: 'node-1',
      logger: { warn: (details, message) => void warnings.push(`${message} ${JSON.stringify(details)}`) },
      timers: systemTimers,
      wallClock: Date.now,
      ...parts,
    });
    trails.push(trail);
    return trail;
  };

  it('writes what happened a moment later, by itself', async () => {
    const trail = start();
    trail.record({
      kind: 'sign-in',
      actor: 'user:ada',
      address: '192.0.2.1',
      details: { method: 'passkey' },
    });
    trail.record({ kind: 'grant-changed', actor: 'user:ada', subject: 'user:bob', docId: 'plans' });
    const events = await eventually(
      async () => {
        const found = await trail.read({ limit: 10 });
        return found.length === 2 ? found : null;
      },
      { what: 'both events are written' },
    );
    expect(events).toMatchObject([
      { kind: 'grant-changed', actor: 'user:ada', subject: 'user:bob', docId: 'plans', address: null },
      { kind: 'sign-in', node: 'node-1', address: '192.0.2.1', details: { method: 'passkey' } },
    ]);
  });

  it('keeps what waits while the database is away, and says how many it could not', async () => {
    let isAway = true;
    const db: typeof database.db = new Proxy(database.db, {
      get: (target, name) => {
        if (name === 'insertInto' && isAway) throw new Error('connection refused');
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const trail = start({ db, timers: manualTimers() });
    for (let i = 0; i < 10_005; i++) trail.record({ kind: 'sign-in-failed', subject: `${i}` });
    await trail.flush();
    expect(await trail.read({ limit: 1 })).toEqual([]);
    isAway = false;
    await trail.flush();
    expect(await trail.read({ limit: 1 })).toMatchObject([{ subject: '9999' }]);
    expect(warnings.at(-1)).toContain('"dropped":5');
  });

  it('stores whatever a client could put into a name, and lets one bad row stop no other', async () => {
    const trail = start();
    trail.record({ kind: 'sign-in-failed', subject: `nul \0 half \ud800 ${'x'.repeat(10_000)}` });
    trail.record({ kind: 'sign-in', details: { name: 'nul \0', count: 1 } });
    trail.record({ kind: 'sign-out', address: 'x' });
    await trail.flush();
    const events = await trail.read({ limit: 10 });
    expect(events.map(({ kind }) => kind)).toEqual(['sign-out', 'sign-in', 'sign-in-failed']);
    expect(events[2]?.subject?.length).toBeLessThan(201);
  });

  it('removes what is old, and nothing else', async () => {
    let now = Date.now() - 500 * 86_400_000;
    const trail = start({ wallClock: () => now });
    trail.record({ kind: 'sign-in', subject: 'long ago' });
    await trail.flush();
    now = Date.now();
    trail.record({ kind: 'sign-in', subject: 'just now' });
    await trail.flush();
    await trail.clean();
    expect((await trail.read({ limit: 10 })).map(({ subject }) => subject)).toEqual(['just now']);
  });

  it('is read by an admin, page by page, and by nobody else', async () => {
    const trail = start();
    for (let i = 0; i < 5; i++)
      trail.record({ kind: 'sign-in', subject: `${i}`, docId: i % 2 ? 'odd' : 'even' });
    await trail.flush();
    const app = createHttpServer({ logger: pino({ level: 'silent' }), trustProxy: false, connections: 1 });
    const authenticator: Authenticator = {
      identify: async ({ headers }) => ({
        id: principalId(`user:${headers['authorization']}`),
        kind: 'user',
        name: 'x',
        credential: { kind: 'none' },
      }),
    };
    const limits = { handshakes: MANY, requests: MANY, messages: MANY, failures: MANY };
    const rates = new RateLimits({ limits, counters: null, wallClock: Date.now, onError: () => {} });
    await mountRoutes(app, { authenticator, rates }, async (api) =>
      auditRoutes({ trail, isAdmin: async ({ id }) => id === 'user:root' })(api),
    );
    const ask = (query: string, who = 'root') =>
      app.inject({ url: `/api/admin/audit?${query}`, headers: { authorization: who } });
    expect((await ask('', 'bob')).statusCode).toBe(403);
    const first = (await ask('limit=2')).json();
    expect(first.events.map(({ subject }: { subject: string }) => subject)).toEqual(['4', '3']);
    const second = (await ask(`limit=4&before=${first.nextBefore}`)).json();
    expect(second.events.map(({ subject }: { subject: string }) => subject)).toEqual(['2', '1', '0']);
    expect(second.nextBefore).toBeNull();
    expect((await ask('docId=odd')).json().events).toHaveLength(2);
    for (const query of [
      'limit=0',
      'limit=1000',
      'before=x',
      'kind=%00',
      'docId=..',
      'before=99999999999999999999',
    ])
      expect((await ask(query)).statusCode).toBe(400);
    await app.close();
  });
});
