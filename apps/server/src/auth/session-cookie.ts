import { createHmac, timingSafeEqual } from 'node:crypto';

const NAME = 'better-auth.session_token';
const SECURE_PREFIX = '__Secure-';
/** An HMAC-SHA256 in base64, with its padding. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

/** better-auth's session cookie: the session's token and a signature of it, as `better-call` signs cookies. */
export class SessionCookie {
  readonly name: string;
  readonly #secret: string;

  /**
   * `isSecure`: whether the sign-in is reached by https. A browser takes a cookie named `__Secure-` from nothing else,
   * so the other name, which anybody on the network may set, does not count then.
   */
  constructor(secret: string, isSecure: boolean) {
    this.name = isSecure ? SECURE_PREFIX + NAME : NAME;
    this.#secret = secret;
  }

  /** The token in a Cookie header when we signed it; null otherwise. */
  token(header: string): string | null {
    const value = valueIn(header, this.name);
    const dot = value?.lastIndexOf('.') ?? -1;
    if (value === null || dot < 1) return null;
    const token = value.slice(0, dot);
    const signature = value.slice(dot + 1);
    if (!SIGNATURE.test(signature)) return null;
    const expected = createHmac('sha256', this.#secret).update(token).digest();
    return timingSafeEqual(expected, Buffer.from(signature, 'base64')) ? token : null;
  }
}

/** The first cookie of that name, decoded; better-auth takes the first too. */
function valueIn(header: string, name: string): string | null {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at < 0 || pair.slice(0, at).trim() !== name) continue;
    const raw = pair.slice(at + 1).trim();
    try {
      return decodeURIComponent(raw.startsWith('"') ? raw.slice(1, -1) : raw);
    } catch {
      return null;
    }
  }
  return null;
}
