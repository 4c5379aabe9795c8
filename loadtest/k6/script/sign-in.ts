import http from 'k6/http';
import type { SignIn } from '../load-plan.ts';
import { signInsAccepted, signInTime } from './measures.ts';

/** Signs somebody in as the page does, and measures that; the session that comes of it is not used. */
export async function signIn(url: string, { email, password, origin }: SignIn): Promise<void> {
  const startedMs = Date.now();
  const answer = await http.asyncRequest(
    'POST',
    `${url}/api/auth/sign-in/email`,
    JSON.stringify({ email, password }),
    {
      headers: { 'content-type': 'application/json', origin },
      // Else the cookie that comes would go along with whatever else this engine asks for.
      jar: new http.CookieJar(),
      tags: { name: '/api/auth/sign-in/email' },
      timeout: '60s',
    },
  );
  const isAccepted = answer.status === 200;
  signInsAccepted.add(isAccepted);
  if (isAccepted) signInTime.add(Date.now() - startedMs);
  else console.warn(`${email} cannot sign in: status ${answer.status}`);
}
