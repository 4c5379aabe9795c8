import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/api-problem.ts';
import type { DocumentRow, Me, Role, SignIn } from '../api/shapes.ts';
import { type OpeningPorts, openDocument } from './opening.ts';

const id = documentId('plan');

function documentId(text: string): DocId {
  const parsed = parseDocId(text);
  if (parsed === null) throw new Error(`"${text}" is a document id`);
  return parsed;
}
const ada: Me = { id: 'user:1', kind: 'user', name: 'Ada', email: 'ada@example.com', isAdmin: false };
const guest: Me = { id: 'user:2', kind: 'guest', name: 'Guest', email: null, isAdmin: false };
const closed: SignIn = { registration: 'open', guests: false, createOnOpen: false, providers: [] };
const welcoming: SignIn = { ...closed, guests: true, createOnOpen: true };

/** A server on which the cookie has the role `own`, each link its role, and a free id can be taken or not. */
function server(state: { own?: Role; links?: Record<string, Role>; isFree?: boolean }): OpeningPorts {
  const row = (role: Role): DocumentRow => ({ id, title: '', role, createdAt: '', updatedAt: '' });
  const refuse = (status: number) => Promise.reject(new ApiProblem(status, '', ''));
  return {
    fetchDocument: async (_id, token) => {
      const role = token === null ? state.own : state.links?.[token];
      return role === undefined ? refuse(token === null ? 404 : 401) : row(role);
    },
    createDocument: async () => (state.isFree ? row('owner') : refuse(409)),
    becomeGuest: async () => guest,
  };
}

const open = (linkToken: string | null, me: Me | null, signIn: SignIn, ports: OpeningPorts) =>
  openDocument({ id, linkToken }, { me, signIn }, ports);

describe('who comes to a document', () => {
  it('opens it by their own role, also with a link in hand', async () => {
    const ports = server({ own: 'editor', links: { token: 'viewer' } });
    const opening = await open('token', ada, closed, ports);
    expect(opening).toMatchObject({ kind: 'open', document: { role: 'editor' }, linkToken: null });
  });

  it('opens it by the link, with an account or without, and is made no guest for that', async () => {
    const ports = server({ links: { token: 'viewer' }, isFree: true });
    const byLink = { kind: 'open', document: { role: 'viewer' }, linkToken: 'token' };
    expect(await open('token', ada, welcoming, ports)).toMatchObject({ ...byLink, me: ada });
    expect(await open('token', null, welcoming, ports)).toMatchObject({ ...byLink, me: null });
  });

  it('is told that a link is dead, and gets no document in its place', async () => {
    expect(await open('gone', null, welcoming, server({ isFree: true }))).toEqual({
      kind: 'dead-link',
      me: null,
    });
    expect(await open('gone', ada, welcoming, server({ isFree: true }))).toMatchObject({ kind: 'dead-link' });
  });

  it('signs in first where guests are not let in', async () => {
    expect(await open(null, null, closed, server({}))).toEqual({ kind: 'sign-in' });
  });

  it('is a guest where guests are let in, and writes at once', async () => {
    const opening = await open(null, null, welcoming, server({ isFree: true }));
    expect(opening).toMatchObject({ kind: 'open', document: { role: 'owner' }, me: guest });
  });

  it('gets no access to what is taken, nor to what opening does not create', async () => {
    expect(await open(null, null, welcoming, server({}))).toEqual({ kind: 'no-access', me: guest });
    expect(await open(null, ada, closed, server({ isFree: true }))).toEqual({ kind: 'no-access', me: ada });
  });

  it('a server that cannot answer is no refusal', async () => {
    const away: OpeningPorts = {
      ...server({}),
      fetchDocument: () => Promise.reject(ApiProblem.unreachable()),
    };
    await expect(open(null, ada, welcoming, away)).rejects.toThrow('cannot be reached');
  });
});
