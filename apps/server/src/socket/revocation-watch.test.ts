import { principalId } from '@kryton/engine/protocol/ids.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { type Access, AccessUnavailable, type Claim, type Verdict } from '../access/access.ts';
import type { KickListener } from '../access/kick.ts';
import type { Role } from '../access/role.ts';
import type { Credential } from '../auth/principal.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { freshDoc } from '../testing/test-cluster.ts';
import { Connections } from './connections.ts';
import type { LiveSocket } from './live-socket.ts';
import { REVIEW_EVERY_MS, RevocationWatch } from './revocation-watch.ts';

type Socket = LiveSocket & { closedWith: string | null; role: Role };

describe('the watch over revocations', () => {
  /** A node with sockets of sessions `s0`, `s1`, … of users `u0`, `u1`, …; all on one document. */
  function node(credentials: readonly Credential[] = [session(0), session(1), session(2)]) {
    const timers = manualTimers();
    const connections = new Connections();
    const docId = freshDoc();
    const reviewed: Claim[][] = [];
    const state = {
      fails: false,
      nowMs: 1_000_000,
      isLogged: [] as string[],
      deleted: [] as string[],
      results: [] as string[],
    };
    const verdicts = new Map<LiveSocket, Verdict>();
    const sockets: Socket[] = [];
    let listener: KickListener | null = null;
    let onReview = async () => {};
    const access: Pick<Access, 'review'> = {
      review: async (claims) => {
        reviewed.push([...claims]);
        await onReview();
        if (state.fails) throw new AccessUnavailable('no answer');
        const owned = claims.map((claim) => sockets.find((socket) => socket.claim === claim));
        return owned.map((socket) => (socket && verdicts.get(socket)) ?? { kind: 'role', role: 'editor' });
      },
    };
    const log = (_details: object, message: string) => void state.isLogged.push(message);
    const audit = recordedAudit();
    const watch = new RevocationWatch({
      connections,
      access: { roleOn: async () => null, admit: async () => null, ...access },
      kicks: {
        listen: async (to) => {
          listener = to;
          return async () => {};
        },
      },
      audit,
      metrics: {
        kicked: (reason) => void state.results.push(reason),
        reviewed: (result) => void state.results.push(result),
      },
      logger: { debug: log, info: log, warn: log, error: log },
      timers,
      now: () => state.nowMs,
      random: () => 0.5,
      onDeleted: (id) => void state.deleted.push(id),
    });
    const connect = (credential: Credential): Socket => {
      const kind = credential.kind === 'document-token' ? ('member' as const) : ('user' as const);
      const principal = { id: principalId(`user:${sockets.length}`), kind, name: 'x', credential };
      const socket: Socket = {
        claim: { principal, docId },
        closedWith: null,
        role: 'editor',
        sentAt: 0,
        heardAt: 0,
        received: 0,
        outboxBytes: 0,
        isSettled: true,
        get isOpen() {
          return socket.closedWith === null;
        },
        keepAlive() {},
        ping() {},
        terminate() {},
        setRole(role) {
          socket.role = role;
        },
        close(reason) {
          socket.closedWith ??= reason;
        },
      };
      sockets.push(socket);
      connections.add(socket, { principal: principal.id, network: '127.0.0.1', docId });
      return socket;
    };
    for (const credential of credentials) connect(credential);
    return {
      timers,
      docId,
      sockets,
      reviewed,
      state,
      audit,
      watch,
      connect,
      end: (index: number, close: 'sessionEnded' | 'grantRemoved' | 'documentDeleted') => {
        const socket = sockets[index];
        if (socket) verdicts.set(socket, { kind: 'ended', close });
      },
      become: (index: number, role: Role) => {
        const socket = sockets[index];
        if (socket) verdicts.set(socket, { kind: 'role', role });
      },
      whileReviewing: (run: () => Promise<void>) => {
        onReview = run;
      },
      told: (): KickListener => {
        if (!listener) throw new Error('the watch does not listen');
        return listener;
      },
    };
  }

  function session(index: number): Credential {
    return { kind: 'session', sessionId: `s${index}`, userId: `u${index}` };
  }

  const closings = (sockets: readonly Socket[]) => sockets.map(({ closedWith }) => closedWith);

  it('looks up whom a kick concerns and nobody else, and ends who has lost the right', async () => {
    const { watch, told, end, timers, reviewed, sockets, audit, state } = node();
    await watch.run();
    end(1, 'sessionEnded');
    told().kick({ kind: 'session', sessionId: 's1' });
    await timers.advance(1);
    expect(reviewed.map((claims) => claims.length)).toEqual([1]);
    expect(closings(sockets)).toEqual([null, 'sessionEnded', null]);
    expect(audit.events).toEqual([
      expect.objectContaining({ kind: 'kick', subject: 'user:1', details: { reason: 'sessionEnded' } }),
    ]);
    expect(state.results).toEqual(['done', 'sessionEnded']);
  });

  it('looks up together what arrives together, and what arrives meanwhile next', async () => {
    const { watch, told, timers, reviewed, docId, whileReviewing } = node();
    await watch.run();
    whileReviewing(async () => {
      whileReviewing(async () => {});
      for (let i = 0; i < 50; i++) told().kick({ kind: 'document', docId });
    });
    for (let i = 0; i < 50; i++) told().kick({ kind: 'user', userId: `u${i % 2}` });
    await timers.advance(10);
    expect(reviewed.map((claims) => claims.length)).toEqual([2, 3]);
  });

  it('ACC2 looks everybody up every 30 s at the latest, the first time somewhere within them', async () => {
    const { watch, timers, reviewed, end, sockets } = node();
    expect(REVIEW_EVERY_MS).toBeLessThanOrEqual(30_000);
    await watch.run();
    await timers.advance(REVIEW_EVERY_MS / 2 - 1);
    expect(reviewed).toEqual([]);
    await timers.advance(1);
    expect(reviewed.map((claims) => claims.length)).toEqual([3]);
    end(0, 'grantRemoved');
    await timers.advance(REVIEW_EVERY_MS);
    expect(closings(sockets)).toEqual(['grantRemoved', null, null]);
  });

  it('looks everybody up when kicks may have been missed', async () => {
    const { watch, told, timers, reviewed } = node();
    await watch.run();
    told().missed();
    await timers.advance(1);
    expect(reviewed.map((claims) => claims.length)).toEqual([3]);
  });

  it('changes roles, and lets a deleted document go before anybody of it leaves', async () => {
    const { watch, told, timers, become, end, sockets, docId, state } = node();
    await watch.run();
    become(0, 'viewer');
    end(1, 'documentDeleted');
    end(2, 'documentDeleted');
    told().kick({ kind: 'document', docId });
    await timers.advance(1);
    expect(sockets[0]?.role).toBe('viewer');
    expect(closings(sockets)).toEqual([null, 'documentDeleted', 'documentDeleted']);
    expect(state.deleted).toEqual([docId]);
  });

  it('leaves everybody connected while nothing can be looked up, says so once, and tries again', async () => {
    const { watch, told, timers, end, sockets, state } = node();
    await watch.run();
    state.fails = true;
    end(1, 'sessionEnded');
    told().kick({ kind: 'session', sessionId: 's1' });
    await timers.advance(5_000);
    expect(closings(sockets)).toEqual([null, null, null]);
    expect(state.results.filter((result) => result === 'failed').length).toBeGreaterThan(2);
    expect(state.isLogged).toHaveLength(1);
    state.fails = false;
    await timers.advance(10_000);
    expect(closings(sockets)).toEqual([null, 'sessionEnded', null]);
    expect(state.isLogged).toHaveLength(2);
  });

  it('ends a document token at its time, also while nothing can be looked up', async () => {
    const token: Credential = {
      kind: 'document-token',
      tokenId: 't',
      docId: freshDoc(),
      role: 'viewer',
      expiresAtMs: 1_010_000,
    };
    const { watch, timers, state, sockets } = node([token, session(1)]);
    await watch.run();
    state.fails = true;
    state.nowMs = 1_009_999;
    await timers.advance(REVIEW_EVERY_MS / 2);
    expect(closings(sockets)).toEqual([null, null]);
    state.nowMs = 1_010_000;
    await timers.advance(REVIEW_EVERY_MS);
    expect(closings(sockets)).toEqual(['sessionEnded', null]);
  });

  it('looks up again who connects when the kick is through that came while they were let in', async () => {
    const { watch, told, timers, connect, reviewed, end } = node([]);
    await watch.run();
    told().kick({ kind: 'user', userId: 'u7' });
    await timers.advance(1_000);
    expect(reviewed).toEqual([]);
    const late = connect(session(7));
    connect(session(8));
    end(0, 'sessionEnded');
    await timers.advance(1);
    expect(reviewed.map((claims) => claims.length)).toEqual([1]);
    expect(late.closedWith).toBe('sessionEnded');
  });

  it('counts nobody twice whose socket takes its time to close', async () => {
    const { watch, told, timers, end, state } = node();
    await watch.run();
    end(1, 'sessionEnded');
    for (let i = 0; i < 3; i++) {
      told().kick({ kind: 'session', sessionId: 's1' });
      await timers.advance(1);
    }
    expect(state.results).toEqual(['done', 'sessionEnded']);
  });
});
