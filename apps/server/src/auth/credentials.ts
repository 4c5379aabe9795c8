import { looksLikeCredential } from './credential-shapes.ts';
import type { CredentialSource } from './principal.ts';

/**
 * What a request shows. `refused` is a token that cannot be right, whatever the rest of the request says: nothing else
 * is looked at then, so that it never falls back to the cookie (ACC3).
 */
export type ShownCredential =
  | { readonly kind: 'token'; readonly token: string }
  /** The `Cookie` header as sent; it holds something that looks like a session. */
  | { readonly kind: 'cookie'; readonly header: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'none' };

const TOKEN_PROTOCOL = 'kryton-token';
/** The longest document token has about 2,000 characters; more is not worth a hash. */
const MAX_TOKEN_LENGTH = 4_096;
/** What nginx takes as one header line unless told otherwise. */
const MAX_COOKIE_LENGTH = 8_192;
/** base64url and the dots between the parts of a JWT; all of it is allowed in a subprotocol (RFC 9110, token). */
const TOKEN = /^[A-Za-z0-9_.-]+$/;
/** `Bearer` in any case (RFC 9110, 11.1), one token (RFC 6750, 2.1). */
const BEARER = /^bearer +([^ ]+)$/i;
/** How better-auth's name of the session cookie ends, whatever its prefix. */
const SESSION_COOKIE = 'session_token';

const REFUSED: ShownCredential = { kind: 'refused' };
const NONE: ShownCredential = { kind: 'none' };

/**
 * The one credential of a request: a token in `Sec-WebSocket-Protocol: kryton-token, <token>` or in
 * `Authorization: Bearer <token>`, or else the session cookie. Two different tokens, a header that is not understood
 * and an `Authorization` of another scheme are `refused`. Costs no cryptography.
 */
export function readCredential({ headers }: Pick<CredentialSource, 'headers'>): ShownCredential {
  const offered = fromProtocols(oneLine(headers['sec-websocket-protocol'], ', '));
  const authorization = headers['authorization'];
  const bearer = Array.isArray(authorization) ? REFUSED : fromAuthorization(authorization);
  if (offered.kind === 'refused' || bearer.kind === 'refused') return REFUSED;
  if (offered.kind === 'token' && bearer.kind === 'token' && offered.token !== bearer.token) return REFUSED;
  if (offered.kind === 'token') return offered;
  if (bearer.kind === 'token') return bearer;
  return fromCookie(oneLine(headers['cookie'], '; '));
}

/** `kryton-token, <token>` and nothing else; or protocols that have nothing to do with us. */
function fromProtocols(header: string | undefined): ShownCredential {
  if (header === undefined) return NONE;
  const offered = header.split(',').map((protocol) => protocol.trim());
  const isMeantForUs = offered.some((protocol) => protocol.toLowerCase() === TOKEN_PROTOCOL);
  // A token without its marker: whoever sent it did not mean to come as somebody else.
  if (!isMeantForUs) return offered.some(looksLikeCredential) ? REFUSED : NONE;
  const [marker, token = '', ...rest] = offered;
  return marker === TOKEN_PROTOCOL && rest.length === 0 ? tokenOf(token) : REFUSED;
}

function fromAuthorization(header: string | undefined): ShownCredential {
  if (header === undefined) return NONE;
  return tokenOf(BEARER.exec(header)?.[1] ?? '');
}

function tokenOf(text: string): ShownCredential {
  const isBounded = text.length <= MAX_TOKEN_LENGTH && TOKEN.test(text);
  return isBounded ? { kind: 'token', token: text } : REFUSED;
}

function fromCookie(header: string | undefined): ShownCredential {
  if (header === undefined) return NONE;
  if (header.length > MAX_COOKIE_LENGTH) return REFUSED;
  const names = header.split(';').map((pair) => pair.split('=', 1)[0]?.trim());
  return names.some((name) => name?.endsWith(SESSION_COOKIE)) ? { kind: 'cookie', header } : NONE;
}

/** Node joins what comes several times; other callers may not. */
function oneLine(header: string | string[] | undefined, separator: string): string | undefined {
  return Array.isArray(header) ? header.join(separator) : header;
}
