import { randomUUID } from 'node:crypto';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type NginxService, startNginx } from '@kryton/engine/testing/services/nginx-service.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { Browser, type BrowserAnswer } from '@kryton/server/testing/browser-cookies.ts';
import { rawHttp, upgradeRequest } from '@kryton/server/testing/raw-http.ts';
import { renderNginxConfig } from '../nginx-config.ts';
import { type FaultCluster, startFaultCluster } from './fault-cluster.ts';

/** Where the page of these clusters is, as far as Origins go. */
export const ORIGIN = 'http://localhost:3001';
const PASSWORD = `${randomUUID()} of nobody`;

/** Two real nodes and nginx with the configuration of infra/ in front of both. */
export type GuardedCluster = {
  readonly cluster: FaultCluster;
  readonly nginx: NginxService;
  /** Ports of the first node, of the second, and of nginx. */
  readonly ports: readonly [number, number, number];
  stop(): Promise<void>;
};

export async function startGuardedCluster(
  env: Readonly<Record<string, string>> = {},
): Promise<GuardedCluster> {
  const cluster = await startFaultCluster({
    nodes: 2,
    isDirect: true,
    appendfsync: 'everysec',
    env: {
      BETTER_AUTH_SECRET: randomUUID(),
      APP_URL: ORIGIN,
      LOG_LEVEL: 'trace',
      CREATE_ON_OPEN: 'false',
      ...env,
    },
  });
  const [first = 0, second = 0] = cluster.bases.map((base) => Number(new URL(base).port));
  const front = await freePort();
  const dir = temporaryDirectory('front');
  const text = renderNginxConfig({ dir, port: front, nodePorts: [first, second] });
  // `startNginx` says these two itself, on its command line.
  const nginx = await startNginx({
    config: { text: text.replace(/^(?:pid|daemon) .*;$/gm, '') },
    port: front,
  });
  return {
    cluster,
    nginx,
    ports: [first, second, front],
    async stop() {
      await nginx.stop();
      await cluster.stop();
    },
  };
}

/** Somebody with an account, as their browser speaks to a node or proxy. */
export type Person = {
  readonly browser: Browser;
  /** As grants name them. */
  readonly id: string;
  readonly email: string;
  readonly userId: string;
};

let people = 0;

/** Signs up at `port`; each from an address of their own, so that no limit of sign-ups per address is met. */
export async function signUpAt(port: number, name: string): Promise<Person> {
  people += 1;
  const browser = new Browser(`http://127.0.0.1:${port}`, ORIGIN, `198.51.100.${people}`);
  const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
  const { userId } = idsIn(
    await expectStatus(200, browser.post('/api/auth/sign-up/email', { name, email, password: PASSWORD })),
  );
  return { browser, email, userId, id: `user:${userId}` };
}

/** The password of everybody here. */
export const password = PASSWORD;

/** Resolves with the answer when it has that status; throws an Error that holds the answer otherwise. */
export async function expectStatus(status: number, asked: Promise<BrowserAnswer>): Promise<BrowserAnswer> {
  const answer = await asked;
  if (answer.status === status) return answer;
  throw new Error(`HTTP ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
}

/** One field of a JSON answer, as text. */
export function field({ body }: BrowserAnswer, name: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  if (typeof value === 'string') return value;
  throw new Error(`the answer has no ${name}: ${JSON.stringify(body)}`);
}

/** An agent of `person` with one token. */
export async function agentOf(
  { browser }: Person,
  scopes: readonly string[],
): Promise<{ readonly agentId: string; readonly tokenId: string; readonly token: string }> {
  const agentId = field(await expectStatus(201, browser.post('/api/agents', { name: 'Robot' })), 'id');
  const made = await expectStatus(
    201,
    browser.post(`/api/agents/${agentId}/tokens`, { name: 'test', scopes, expiresInSeconds: 3_600 }),
  );
  return { agentId, tokenId: field(made, 'id'), token: field(made, 'token') };
}

/** The HTTP status and body that an upgrade on `path` is answered with; 101 when it is let in. */
export async function upgrade(
  port: number,
  path: string,
  headers: readonly string[],
): Promise<{ readonly status: number; readonly body: string }> {
  return await rawHttp(port, upgradeRequest(path, headers), {
    enough: (soFar) => soFar.startsWith('HTTP/1.1 101') || /\r\n\r\n.+\}$/s.test(soFar),
  });
}

/** The headers of somebody's browser on an upgrade. */
export function cookieHeaders({ browser }: Person, origin: string | null = ORIGIN): string[] {
  return [`Cookie: ${browser.cookieHeader}`, ...(origin === null ? [] : [`Origin: ${origin}`])];
}

export function tokenHeader(token: string): string {
  return `Sec-WebSocket-Protocol: kryton-token, ${token}`;
}

function idsIn({ body }: BrowserAnswer): { readonly userId: string } {
  const user: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'user') : null;
  const id: unknown = typeof user === 'object' && user !== null ? Reflect.get(user, 'id') : null;
  if (typeof id !== 'string') throw new Error(`the answer names no user: ${JSON.stringify(body)}`);
  return { userId: id };
}
