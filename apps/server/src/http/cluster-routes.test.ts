import { principalId } from '@kryton/engine/protocol/ids.ts';
import { EmbeddedRoster } from '@kryton/engine/roster/embedded-roster.ts';
import { aNode, aWorker } from '@kryton/engine/roster/roster.contract.ts';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authenticator } from '../auth/principal.ts';
import { RateLimits } from '../limits/rate-limits.ts';
import { mountRoutes } from './api.ts';
import { clusterRoutes } from './cluster-routes.ts';
import { createHttpServer } from './http-server.ts';

const MANY = 1_000;

describe('GET /api/admin/cluster', () => {
  let nowMs = 0;
  let roster: EmbeddedRoster;
  let app: FastifyInstance;
  beforeEach(async () => {
    roster = new EmbeddedRoster(() => nowMs);
    app = createHttpServer({ logger: pino({ level: 'silent' }), trustProxy: false, connections: 1 });
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
    const isAdmin = async ({ id }: { id: string }) => {
      if (id === 'user:unlucky') throw new Error('the database is away');
      return id === 'user:root';
    };
    await mountRoutes(app, { authenticator, rates }, async (api) =>
      clusterRoutes({ roster, isAdmin })(api, { name: 'node-2' }),
    );
  });
  afterEach(() => app.close());

  const ask = (who = 'root') => app.inject({ url: '/api/admin/cluster', headers: { authorization: who } });

  it('ACC1 answers admins and nobody else', async () => {
    expect((await ask()).statusCode).toBe(200);
    expect((await ask('bob')).statusCode).toBe(403);
    expect((await ask('unlucky')).json()).toMatchObject({ error: { code: 'unavailable' } });
  });

  it('shows nodes and workers, who has fallen silent, and the newest sweep of any worker', async () => {
    const killed = aNode('node-1');
    await roster.report(killed);
    nowMs += 10_000;
    const older = aWorker('worker-1');
    const swept = { sweptAgoMs: 25_000, logDocuments: 5, backlogDocuments: 2, backlogOldestMs: 9_000 };
    await roster.report({ ...older, figures: { ...older.figures, ...swept } });
    nowMs += 1_000;
    const newer = aWorker('worker-2', { state: 'draining' });
    const later = { ...swept, sweptAgoMs: 3_000, backlogDocuments: 1, quarantinedEntries: 4 };
    await roster.report({ ...newer, figures: { ...newer.figures, ...later } });
    await roster.report(aNode('node-2', { state: 'deaf' }));
    nowMs += 500;
    const answer = await ask();
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({
      answeredBy: 'node-2',
      nodes: [
        {
          id: killed.id,
          name: 'node-1',
          state: 'silent',
          heardMsAgo: 11_500,
          connections: 3,
          appendMs: 0.25,
        },
        { name: 'node-2', state: 'deaf', heardMsAgo: 500, eventLoopMs: null },
      ],
      workers: [
        { name: 'worker-1', state: 'working', running: 1, folds: 20, failures: 1 },
        { name: 'worker-2', state: 'draining' },
      ],
      backlog: {
        sweptMsAgo: 3_500,
        documents: 1,
        oldestMs: 9_000,
        quarantinedEntries: 4,
        quarantinedDocuments: null,
      },
    });
  });

  it('has no backlog before the first sweep, and 503 while the store does not answer', async () => {
    await roster.report(aWorker('worker-1'));
    expect((await ask()).json()).toMatchObject({ nodes: [], backlog: null });
    await roster.close();
    expect((await ask()).statusCode).toBe(503);
  });
});
