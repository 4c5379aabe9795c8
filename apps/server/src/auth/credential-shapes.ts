/**
 * What the credentials of this server look like, wherever they stand. Deliberately wide: a value that only looks like
 * one is refused where none belongs. The expressions begin at a boundary, so that a long run of letters is walked once.
 */

/** An agent's token or a link: the prefix at the beginning of a value, or anywhere with enough behind it. */
const PREFIXED = /(?:^|=)kryton_|kryton_[A-Za-z0-9_.-]{16}/i;
/** Three base64url parts of which the first is JSON: `{` and whatever follows it begin with `e` and one of these. */
const JWT = /(?:^|[^A-Za-z0-9_-])e[w-z0-9_-][A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*/;
/** A signed cookie of better-auth: the session's token, a dot, and an HMAC-SHA256 in base64. */
const SIGNED_COOKIE = /(?:^|[^A-Za-z0-9_-])[A-Za-z0-9_-]{16,}\.[A-Za-z0-9+/_-]{43}(?:$|[^A-Za-z0-9+/_-])/;
/** Names under which people send credentials, without the signs between words. */
const NAMES = new Set(
  `token accesstoken idtoken refreshtoken authtoken sessiontoken bearer bearertoken jwt krytontoken
  auth authorization authentication credential credentials key apikey accesskey secretkey secret clientsecret
  password passwd pwd pass passphrase session sessionid sid cookie code ticket`.split(/\s+/),
);
/** A name that ends in one of these is one of them too: `x-api-key`, `better-auth.session_token`. */
const NAME_ENDINGS = ['token', 'secret', 'password', 'apikey', 'authorization'];

/** Whether `text` is, or holds, something that looks like a credential of this server. */
export function looksLikeCredential(text: string): boolean {
  return PREFIXED.test(text) || JWT.test(text) || SIGNED_COOKIE.test(text);
}

/** Whether a parameter of this name is meant to carry a credential. */
export function namesCredential(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return NAMES.has(plain) || NAME_ENDINGS.some((ending) => plain.endsWith(ending));
}
