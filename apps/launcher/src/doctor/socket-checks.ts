import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Answer, ask, type Deployment, reasonOf } from './deployment.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Where a node says nothing by itself (apps/server/src/socket/quiet-route.ts). */
const QUIET = ['/ws/yjs/~quiet', '/ws/plugins/~quiet'] as const;
const PONG_MS = 10_000;
/** Looks like a session, is none. */
const NO_SESSION = 'better-auth.session_token=doctor; __Secure-better-auth.session_token=doctor';
const FOREIGN = 'https://foreign.invalid';

/**
 * Upgrades through the proxy, on both ways. Without a token a node refuses them with 401, which proves as much: it has
 * seen an upgrade.
 */
export async function checkUpgrades(deployment: Deployment, token: string | null): Promise<Finding[]> {
  return await Promise.all(
    QUIET.map(async (path) => {
      const { ok, wrong } = findingsOf('upgrade');
      const way = path.slice(0, path.lastIndexOf('/') + 1);
      const answer = await ask(deployment, upgrade(path, token));
      answer.upgraded?.socket.destroy();
      if (answer.status === 101 && answer.headers['sec-websocket-protocol'] !== 'kryton-token')
        return wrong(`${way} loses Sec-WebSocket-Protocol`, 'let the proxy pass the header on, both ways');
      if (answer.status === 101) return ok(`${way} opens a WebSocket`);
      if (answer.status === 401 && token === null) return ok(`${way} asks a node for a WebSocket`);
      if (answer.status === 401)
        return wrong(`${way} refuses the token`, 'give one that is valid in DOCTOR_TOKEN');
      if (answer.status === 426)
        return wrong(
          `${way} reaches the node without the upgrade`,
          'let the proxy speak HTTP/1.1 to the nodes and pass on the headers Upgrade and Connection',
        );
      return wrong(
        `${way} answers an upgrade with ${answer.status}`,
        'let the proxy lead it to the nodes, and see their log',
      );
    }),
  );
}

/** Which pages may use a session: the node judges the Origin before it looks at the cookie, so none is needed. */
export async function checkOrigins(deployment: Deployment): Promise<Finding[]> {
  const { ok, wrong, unknown } = findingsOf('origin');
  const { origin } = deployment.url;
  const statusFor = async (shown: string) => {
    const question = upgrade(QUIET[0], null);
    const headers = { ...question.headers, origin: shown, cookie: NO_SESSION };
    const answer = await ask(deployment, { ...question, headers });
    answer.upgraded?.socket.destroy();
    return answer.status;
  };
  const [own, foreign] = await Promise.all([statusFor(origin), statusFor(FOREIGN)]);
  if (![401, 403].includes(own) || ![401, 403].includes(foreign))
    return [unknown(`cannot be seen: an upgrade is answered with ${own}`)];
  const findings: Finding[] = [];
  if (own === 403)
    findings.push(
      wrong(
        `pages of ${origin} may not open documents with their session`,
        `set APP_URL=${origin} and CORS_ORIGINS=${origin} on every node, and let the proxy pass on Origin`,
      ),
    );
  if (foreign === 401)
    findings.push(
      wrong('pages of other sites may use the sessions of their visitors', `set CORS_ORIGINS=${origin}`),
    );
  return findings.length > 0 ? findings : [ok(`pages of ${origin} are let in, those of others are not`)];
}

/** Holds a silent connection on each way for `idleMs`, then asks whether the node is still there. */
export async function checkIdle(
  deployment: Deployment,
  token: string | null,
  idleMs: number,
): Promise<Finding[]> {
  const { unknown } = findingsOf('idle');
  if (token === null)
    return [
      unknown(
        'a silent connection needs a token: give one of an agent in DOCTOR_TOKEN; it need not see any document',
      ),
    ];
  return await Promise.all(QUIET.map((path) => holdIdle(deployment, path, token, idleMs)));
}

async function holdIdle(
  deployment: Deployment,
  path: string,
  token: string,
  idleMs: number,
): Promise<Finding> {
  const { ok, wrong, unknown } = findingsOf('idle');
  const way = path.slice(0, path.lastIndexOf('/') + 1);
  const idleS = idleMs / 1_000;
  const { status, upgraded }: Answer = await ask(deployment, upgrade(path, token));
  if (!upgraded) return unknown(`${way} cannot be seen: the upgrade is answered with ${status}`);
  const { socket } = upgraded;
  const openedMs = performance.now();
  const held = await silence(socket, idleMs);
  const isThere = held && (await answersPing(socket));
  socket.destroy();
  if (isThere) return ok(`${way} leaves a silent connection alone for ${idleS} s`);
  const after = ((performance.now() - openedMs) / 1_000).toFixed(0);
  return wrong(
    held ? `${way} is dead after ${idleS} s of silence` : `${way} cuts a silent connection after ${after} s`,
    'set the idle timeouts of every proxy and load balancer in between to an hour or more (nginx: proxy_read_timeout 3600s)',
  );
}

/** Resolves true after `idleMs`, false as soon as the connection ends. */
function silence(socket: Socket, idleMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), idleMs);
    const ended = () => {
      clearTimeout(timer);
      resolve(false);
    };
    socket.on('error', ended).on('end', ended).on('close', ended).resume();
  });
}

/** A ping in its masked form, and whether anything comes back (RFC 6455, 5.5.2). */
function answersPing(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PONG_MS);
    const done = (answer: boolean) => {
      clearTimeout(timer);
      resolve(answer);
    };
    socket.once('data', (data: Buffer) => done(data[0] === 0x8a));
    socket.once('close', () => done(false));
    socket.write(Buffer.concat([Buffer.of(0x89, 0x80), randomBytes(4)]));
  });
}

function upgrade(path: string, token: string | null) {
  return {
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      ...(token !== null && { 'sec-websocket-protocol': `kryton-token, ${token}` }),
    },
  };
}

/** Runs a check; what it could not find out for an error of the network is `unknown`. */
export async function orUnknown(check: string, run: () => Promise<Finding[]>): Promise<Finding[]> {
  return await run().catch((error: unknown) => [
    findingsOf(check).unknown(`cannot be seen: ${reasonOf(error)}`),
  ]);
}
