import { ask, type Deployment, fieldOf } from './deployment.ts';
import { type Finding, findingsOf } from './finding.ts';

/** What the sign-in says of itself without an account: how it sets cookies, and which domain passkeys belong to. */
export async function checkSignIn(deployment: Deployment): Promise<Finding[]> {
  return [await checkCookies(deployment), await checkPasskeys(deployment)];
}

/** Signing out clears the session's cookie, also where there is none, with the attributes that it is set with. */
async function checkCookies(deployment: Deployment): Promise<Finding> {
  const { ok, wrong, unknown } = findingsOf('cookies');
  const { origin, protocol } = deployment.url;
  const answer = await ask(deployment, {
    path: '/api/auth/sign-out',
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: '{}',
  });
  const cookie = (answer.headers['set-cookie'] ?? []).find((each) => each.includes('session_token='));
  if (cookie === undefined)
    return unknown(`signing out answers ${answer.status} and sets no cookie to look at`);
  const isSecure =
    cookie.startsWith('__Secure-') && /;\s*secure/i.test(cookie) && /;\s*httponly/i.test(cookie);
  if (isSecure) return ok('the session is kept in a cookie that is Secure and HttpOnly');
  if (protocol === 'http:') return unknown('cookies cannot be Secure without https');
  return wrong(
    'the cookie of the session is not Secure, HttpOnly and named __Secure-',
    `set BETTER_AUTH_URL=${origin}, and let no proxy rewrite cookies`,
  );
}

async function checkPasskeys(deployment: Deployment): Promise<Finding> {
  const { ok, wrong, unknown } = findingsOf('passkeys');
  const { hostname } = deployment.url;
  const answer = await ask(deployment, { path: '/api/auth/passkey/generate-authenticate-options' });
  const rpId = fieldOf(answer, 'rpId');
  if (typeof rpId !== 'string') return unknown(`the sign-in answers ${answer.status}, and names no domain`);
  if (rpId === hostname || hostname.endsWith(`.${rpId}`)) return ok(`passkeys belong to ${rpId}`);
  return wrong(
    `passkeys belong to ${rpId}, no browser takes that at ${hostname}`,
    `set WEBAUTHN_RP_ID=${hostname}`,
  );
}
