import { randomBytes, randomUUID } from 'node:crypto';
import { type ClientOptions, WebSocket } from 'ws';
import { Browser } from './browser-cookies.ts';

/** What a request or an upgrade of somebody who is signed in carries. */
export type Credentials = { readonly cookie: string; readonly origin: string };

/** Where the page is, as nodes of tests are told; wherever they listen, so that credentials outlive a restart. */
export const PAGE_ORIGIN = 'http://localhost:3001';

/** Variables of a node on which whoever is signed in opens documents that nobody owns yet, and owns them then. */
export const ACCOUNT_ENV = {
  BETTER_AUTH_SECRET: randomBytes(32).toString('base64'),
  APP_URL: PAGE_ORIGIN,
  CREATE_ON_OPEN: 'true',
} as const;

/** Of nobody but tests, and on this machine only. */
const PASSWORD = randomUUID();
let people = 0;

/**
 * Signs somebody up at a node (`ws://host:port`) as the page does, each from an address of their own, so that no limit
 * of sign-ups per address is met. Throws an Error with the answer when it is refused.
 */
export async function signUp(
  base: string,
  name = 'Somebody',
  origin: string = PAGE_ORIGIN,
): Promise<Credentials> {
  people += 1;
  const address = `198.51.${100 + Math.floor(people / 250)}.${people % 250}`;
  const browser = new Browser(base.replace(/^ws/, 'http'), origin, address);
  const email = `${randomUUID()}@example.com`;
  const { status, body } = await browser.post('/api/auth/sign-up/email', { name, email, password: PASSWORD });
  if (status !== 200) throw new Error(`nobody can sign up at ${base}: ${status} ${JSON.stringify(body)}`);
  return { cookie: browser.cookieHeader, origin };
}

/** The `WebSocketPolyfill` of a provider whose connections carry `credentials`, and are made as `options` say. */
export function signedInSocket(
  credentials: Credentials,
  options: ClientOptions = {},
): typeof globalThis.WebSocket {
  class SignedInSocket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, { ...options, headers: { ...options.headers, ...credentials } });
    }
  }
  // The Node types of `ws` and the browser's differ in detail; the provider uses what both have.
  return SignedInSocket as unknown as typeof globalThis.WebSocket;
}
