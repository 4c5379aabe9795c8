import { principalId } from '@kryton/engine/protocol/ids.ts';
import type { Access } from '../../access/access.ts';
import type { Principal } from '../../auth/principal.ts';
import { type KnownPeople, knownPeople } from '../../testing/known-people.ts';
import { openAccess } from '../../testing/open-access.ts';
import type { Plugin, PluginContext, PluginMessage, PluginRequest } from '../plugin.ts';

export const person = (name: string): Principal => ({
  id: principalId(`user:${name}`),
  kind: 'user',
  name,
  credential: { kind: 'session', sessionId: `s-${name}`, userId: name },
});
/** Whom {@link tokenOf} hands tokens to. */
export const people: KnownPeople = knownPeople();
const tokens = new Map(['editor', 'viewer', 'stranger'].map((name) => [name, people.tokenOf(person(name))]));
/** Of somebody who is called after their role; a token that is none for anybody else. */
export const tokenOf = (name: string): string => tokens.get(name) ?? 'none';

const roleOf = (name: string) => (name === 'editor' || name === 'viewer' ? name : null);
/** The role that somebody is called after. */
export const access: Access = {
  ...openAccess,
  roleOn: async ({ name }) => roleOf(name),
  review: async (claims) =>
    claims.map(({ principal }) => ({ kind: 'role', role: roleOf(principal.name) ?? 'viewer' })),
};

/** Does everything that a plugin may do wrong, and hands out what it was given. */
export class Probe implements Plugin {
  readonly id = 'probe';
  readonly requests: PluginRequest[] = [];
  readonly events: string[] = [];
  readonly heard: PluginMessage[] = [];
  readonly sent: boolean[] = [];
  context: PluginContext | null = null;

  async setup(context: PluginContext): Promise<void> {
    this.context = context;
    await context.subscribe('news', (message) => void this.heard.push(message));
    context.http({
      method: 'POST',
      path: '/echo/:part',
      bodyLimit: 1_000,
      handle: async (request) => {
        this.requests.push(request);
        return { status: 201, headers: { 'x-probe': 'yes' }, body: { role: await this.#roleOf(request) } };
      },
    });
    context.http({
      method: 'GET',
      path: '/:docId',
      document: 'editor',
      handle: ({ document }) => ({ body: document?.role ?? '' }),
    });
    context.http({
      method: 'GET',
      path: '/fails/throws',
      handle: () => {
        throw new Error('a fault');
      },
    });
    context.http({
      method: 'GET',
      path: '/fails/rejects',
      handle: async () => {
        throw new Error('a fault');
      },
    });
    context.http({
      method: 'GET',
      path: '/fails/bad-answer',
      handle: () => ({ headers: { 'x-bad': 'a\nb' } }),
    });
    context.http({ method: 'GET', path: '/fails/refuses', handle: () => ({ error: 'conflict' }) });
    context.http({ method: 'GET', path: '/bytes', handle: () => ({ body: Uint8Array.of(1, 2) }) });
    context.socket({
      path: '/socket',
      maxMessageBytes: 100,
      open: (socket) => void socket.send(JSON.stringify({ hello: socket.principal.name })),
      message: async (socket, data) => {
        if (data === 'throw') throw new Error('a fault');
        if (data === 'flood') {
          const half = new Uint8Array(512 * 1024);
          for (let i = 0; i < 64; i++) this.sent.push(socket.send(half));
        }
        if (data === 'large') socket.send('x'.repeat(2 ** 20 + 1));
        socket.send(data);
      },
      close: (socket) => void this.events.push(`closed ${socket.principal.name}`),
    });
    context.socket({
      path: '/document/:docId',
      document: 'viewer',
      open: (socket) => void socket.send(JSON.stringify({ mayWrite: socket.may('editor') })),
    });
    context.onClose(() => void this.events.push('plugin closed'));
  }

  #roleOf({ principal, params }: PluginRequest) {
    return this.context?.roleOn(principal, params['part'] ?? '');
  }
}
