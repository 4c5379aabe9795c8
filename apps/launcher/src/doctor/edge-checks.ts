import { type Answer, ask, type Deployment, fieldOf, reasonOf } from './deployment.ts';
import { type Finding, findingsOf } from './finding.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Certificates that renew themselves do so a month before their end. */
const ENDS_SOON_DAYS = 14;
/** A second more than clocks that are set by NTP ever differ in; beside the time that the answer took. */
const CLOCK_TOLERANCE_MS = 2_000;
/** Kept for documentation (RFC 5737): nobody's address. */
const SPOOFED = '203.0.113.99';
/** Below the 50 MB of an import. */
const IMPORT_BYTES = 45_000_000;
const REFUSED_WITHIN_MS = 3_000;

/** TLS: that a browser takes the certificate, and how long it still does. */
export function checkTls({ url }: Deployment, ready: Answer): Finding {
  const { ok, wrong } = findingsOf('TLS');
  if (url.protocol !== 'https:')
    return wrong(
      'the address is http: sessions travel in the clear',
      'put TLS in front, and give https://… here',
    );
  const leftDays = Math.floor(((ready.certificateEndsMs ?? 0) - Date.now()) / DAY_MS);
  if (leftDays >= ENDS_SOON_DAYS) return ok(`the certificate is valid, for ${leftDays} days more`);
  return wrong(
    `the certificate ends in ${leftDays} days`,
    'renew it, and see why it was not renewed by itself',
  );
}

export function checkReady(ready: Answer): Finding {
  const { ok, wrong } = findingsOf('ready');
  if (ready.status === 200 && fieldOf(ready, 'status') === 'ok')
    return ok('/readyz answers that a node is ready');
  const reason = fieldOf(ready, 'reason');
  if (ready.status === 503 && typeof reason === 'string')
    return wrong(`the node is not ready: ${reason}`, 'see its log, and those of Redis');
  return wrong(
    `/readyz answers ${ready.status}, and not as a node does`,
    'let the proxy pass every path on to the nodes, and see whether they run',
  );
}

export function checkHeaders({ url }: Deployment, ready: Answer): Finding[] {
  const { ok, wrong } = findingsOf('headers');
  const findings: Finding[] = [];
  const hsts = ready.headers['strict-transport-security'];
  if (url.protocol === 'https:' && hsts === undefined)
    findings.push(
      wrong('no Strict-Transport-Security', `set APP_URL=${url.origin}, and let the proxy keep the header`),
    );
  if (ready.headers['x-content-type-options'] !== 'nosniff')
    findings.push(wrong('no X-Content-Type-Options: nosniff', "let the proxy keep the nodes' headers"));
  return findings.length > 0 ? findings : [ok('the security headers of the nodes arrive')];
}

/** What the node sees of a request: how the proxy speaks for its clients, whether it can be lied to, and the clock. */
export async function checkArrival(deployment: Deployment): Promise<Finding[]> {
  const { url } = deployment;
  const { ok, wrong, unknown } = findingsOf('forwarding');
  const askedMs = Date.now();
  const honest = await ask(deployment, { path: '/arrival' });
  const tookMs = Date.now() - askedMs;
  const nodeMs = fieldOf(honest, 'time');
  if (honest.status !== 200 || typeof nodeMs !== 'number')
    return [
      unknown(`/arrival answers ${honest.status}: the nodes are of an older release, or it is not passed on`),
    ];
  const findings: Finding[] = [];
  const protocol = fieldOf(honest, 'protocol');
  const host = String(fieldOf(honest, 'host'));
  if (`${protocol}:` !== url.protocol)
    findings.push(
      wrong(
        `the node believes that it is reached by ${protocol}`,
        `let the proxy set X-Forwarded-Proto, and let TRUST_PROXY name the proxy's address`,
      ),
    );
  if (hostnameOf(host) !== url.hostname)
    findings.push(
      wrong(`the node believes that it is ${host}`, 'let the proxy pass on Host, or set X-Forwarded-Host'),
    );
  const spoofed = await ask(deployment, {
    path: '/arrival',
    headers: {
      'x-forwarded-for': SPOOFED,
      'x-forwarded-host': 'spoofed.invalid',
      'x-forwarded-proto': 'ftp',
    },
  });
  const lies = ['address', 'host', 'protocol'].filter((name) =>
    [SPOOFED, 'spoofed.invalid', 'ftp'].includes(String(fieldOf(spoofed, name))),
  );
  if (lies.length > 0)
    findings.push(
      wrong(
        `whoever sends X-Forwarded headers chooses what the node takes for the ${lies.join(', ')}`,
        'let the outermost proxy overwrite X-Forwarded-For, -Host and -Proto instead of passing them on',
      ),
    );
  if (fieldOf(honest, 'forwarded') !== true)
    findings.push(
      wrong(
        "the node takes the proxy's address for everybody's: all share one rate limit, and the audit log is blind",
        "let the proxy set X-Forwarded-For, and let TRUST_PROXY name the proxy's address",
      ),
    );
  if (findings.length === 0)
    findings.push(ok(`the node sees ${protocol}, ${host} and the client's address, and cannot be lied to`));
  return [...findings, checkClock(nodeMs, askedMs, tookMs), checkAppUrl(url, fieldOf(honest, 'appUrl'))];
}

function checkClock(nodeMs: number, askedMs: number, tookMs: number): Finding {
  const { ok, wrong } = findingsOf('clock');
  const offMs = nodeMs - (askedMs + tookMs / 2);
  if (Math.abs(offMs) <= CLOCK_TOLERANCE_MS + tookMs / 2)
    return ok('the node and this machine agree on the time');
  const side = offMs > 0 ? 'ahead of' : 'behind';
  return wrong(
    `the node's clock is ${Math.round(Math.abs(offMs) / 1_000)} s ${side} that of this machine`,
    'let both be set by NTP: tokens and sessions end by the clock',
  );
}

function checkAppUrl({ origin }: URL, appUrl: unknown): Finding {
  const { ok, wrong } = findingsOf('APP_URL');
  if (appUrl === origin) return ok(`the nodes know that they are ${origin}`);
  return wrong(`the nodes believe that they are ${String(appUrl)}`, `set APP_URL=${origin}`);
}

/** Metrics are for Prometheus, and imports are large. */
export async function checkPaths(deployment: Deployment): Promise<Finding[]> {
  const metrics = await ask(deployment, { path: '/metrics' });
  const { ok, wrong } = findingsOf('metrics');
  const isOpen = metrics.status === 200 && metrics.body.includes('# HELP');
  return [
    isOpen
      ? wrong('/metrics is open to everybody', 'let no proxy lead to METRICS_PORT')
      : ok('/metrics is not open to the public'),
    await checkBodies(deployment),
  ];
}

async function checkBodies(deployment: Deployment): Promise<Finding> {
  const { ok, wrong } = findingsOf('imports');
  const status = await ask(deployment, {
    path: '/api/docs/doctor/updates',
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'content-length': IMPORT_BYTES },
    isHeadOnly: true,
    withinMs: REFUSED_WITHIN_MS,
  }).then(
    (answer) => answer.status,
    // Proxies that wait for the body first have taken it so far.
    () => 0,
  );
  if (status !== 413) return ok('a body of 45 MB is not refused for its size');
  return wrong(
    'a body of 45 MB is refused by the proxy (413)',
    'let it take 50 MB, as imports have (nginx: client_max_body_size 50m)',
  );
}

/** The first request decides whether anything else can be looked at. */
export async function reach(deployment: Deployment): Promise<Answer | Finding> {
  try {
    return await ask(deployment, { path: '/readyz' });
  } catch (error) {
    const { wrong } = findingsOf(deployment.url.protocol === 'https:' ? 'TLS' : 'ready');
    return wrong(
      `${deployment.url.origin} cannot be reached as a browser would: ${reasonOf(error)}`,
      'see DNS, firewall, the proxy and its certificate with the whole chain; --ca FILE trusts one of your own',
    );
  }
}

function hostnameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
}
