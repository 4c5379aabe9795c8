import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { messageAuth, WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import {
  agentOf,
  expectStatus,
  field,
  type GuardedCluster,
  ORIGIN,
  type Person,
  signUpAt,
  startGuardedCluster,
} from './testing/guarded-cluster.ts';

type Shown = { readonly cookieOf: Person } | { readonly token: string };

/** A stock y-websocket client, and whether it was told that it may not write. */
type Client = {
  readonly provider: WebsocketProvider;
  readonly text: Y.Text;
  readonly denials: () => number;
};

describe('stock clients by each kind of credential', () => {
  let guarded: GuardedCluster;
  let alice: Person;
  let vera: Person;
  let docId: string;
  const tokens = { agent: '', reader: '', document: '', link: '' };
  const clients: Client[] = [];

  beforeAll(async () => {
    guarded = await startGuardedCluster();
    alice = await signUpAt(guarded.ports[0], 'Alice');
    vera = await signUpAt(guarded.ports[1], 'Vera');
    docId = field(await expectStatus(201, alice.browser.post('/api/docs')), 'id');
    await put(`/api/docs/${docId}/grants/${vera.id}`, { role: 'viewer' });
    const agent = await agentOf(alice, ['read', 'write', 'mint']);
    const minted = await alice.browser.send(
      'POST',
      `/api/docs/${docId}/tokens`,
      { authorization: `Bearer ${agent.token}`, 'content-type': 'application/json' },
      JSON.stringify({ userId: 'emp-7', name: 'Mia', role: 'editor', expiresInSeconds: 600 }),
    );
    tokens.agent = agent.token;
    tokens.reader = (await agentOf(alice, ['read'])).token;
    tokens.document = field(minted, 'token');
    tokens.link = field(await put(`/api/docs/${docId}/grants/link`, { role: 'editor' }), 'token');
  });
  afterEach(() => {
    for (const { provider } of clients.splice(0)) {
      provider.destroy();
      provider.awareness.destroy();
    }
  });
  afterAll(() => guarded.stop());

  const put = (path: string, body: object) =>
    expectStatus(
      200,
      alice.browser.send('PUT', path, { 'content-type': 'application/json' }, JSON.stringify(body)),
    );

  /** On the first node, the second, or (2) through nginx. */
  async function connect(front: 0 | 1 | 2, shown: Shown): Promise<Client> {
    const headers =
      'cookieOf' in shown ? { cookie: shown.cookieOf.browser.cookieHeader, origin: ORIGIN } : {};
    class Socket extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols, { headers });
      }
    }
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`ws://127.0.0.1:${guarded.ports[front]}/ws/yjs`, docId, doc, {
      WebSocketPolyfill: Socket as unknown as typeof globalThis.WebSocket,
      protocols: 'token' in shown ? ['kryton-token', shown.token] : [],
      disableBc: true,
    });
    let denials = 0;
    provider.messageHandlers[messageAuth] = () => {
      denials++;
    };
    const client = { provider, text: doc.getText('content'), denials: () => denials };
    clients.push(client);
    await eventually(() => provider.synced, { what: 'the client is synced', withinMs: 10_000 });
    return client;
  }

  const everybody: readonly (readonly [string, () => Shown])[] = [
    ['a cookie', () => ({ cookieOf: alice })],
    ['an agent token', () => ({ token: tokens.agent })],
    ['a document token', () => ({ token: tokens.document })],
    ['a link', () => ({ token: tokens.link })],
  ];

  it('edit together, each kind on both nodes and through nginx', async () => {
    const all: Client[] = [];
    for (const front of [0, 1, 2] as const) {
      for (const [, shown] of everybody) all.push(await connect(front, shown()));
    }
    for (const [index, { text }] of all.entries()) text.insert(0, `<${index}>`);
    await eventually(
      () => {
        const texts = new Set(all.map(({ text }) => text.toString()));
        const [only = ''] = texts;
        return texts.size === 1 && all.every((_client, index) => only.includes(`<${index}>`));
      },
      { what: 'everybody has the edits of everybody', withinMs: 10_000 },
    );
  });

  it.each([
    ['a viewer', (): Shown => ({ cookieOf: vera })],
    ['an agent that may only read', (): Shown => ({ token: tokens.reader })],
  ])('ACC1 %s that writes is refused and told so, and still receives', async (_who, shown) => {
    const reader = await connect(1, shown());
    const writer = await connect(0, { cookieOf: alice });
    reader.text.insert(0, 'not allowed');
    await eventually(() => reader.denials() > 0, { what: 'it is told', withinMs: 5_000 });
    writer.text.insert(0, 'allowed, ');
    await eventually(() => reader.text.toString().includes('allowed, '), { what: 'it receives' });
    const newcomer = await connect(1, { token: tokens.agent });
    expect(newcomer.text.toString()).toContain('allowed, ');
    expect(newcomer.text.toString()).not.toContain('not allowed');
  });

  it('PRES2 shows people under the name and id of their account, whatever they claim', async () => {
    const observer = await connect(0, { token: tokens.agent });
    const claims = { name: 'The Queen', id: `user:${vera.userId}`, color: '#123456' };
    const [byCookie, byToken, byLink] = [
      await connect(1, { cookieOf: alice }),
      await connect(1, { token: tokens.document }),
      await connect(1, { token: tokens.link }),
    ];
    for (const { provider } of [byCookie, byToken, byLink]) {
      provider.awareness.setLocalStateField('user', claims);
    }
    const seen = await eventually(
      () => {
        const users = [byCookie, byToken, byLink].map(
          ({ provider }) => observer.provider.awareness.getStates().get(provider.doc.clientID)?.['user'],
        );
        return users.every(Boolean) ? users : null;
      },
      { what: 'the observer sees all three', withinMs: 5_000 },
    );
    expect(seen[0]).toEqual({ ...claims, name: 'Alice', id: alice.id });
    expect(seen[1]).toMatchObject({ name: 'Mia', color: '#123456' });
    expect(seen[2]).toMatchObject({ name: 'The Queen', id: expect.stringMatching(/^visitor:/) });
  });
});
