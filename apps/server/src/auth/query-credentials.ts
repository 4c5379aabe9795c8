import { ApiError } from '../http/errors.ts';
import { looksLikeCredential, namesCredential } from './credential-shapes.ts';

/** `%25` hides a `%` from one decoding; nobody honest encodes more often than twice. */
const DECODINGS = 3;

/**
 * Refuses credentials in the query of `url`, by the name of a parameter or by the shape of what stands there: URLs end
 * up in logs, histories and `Referer` headers. Throws an `ApiError` `unauthenticated`, which does not name the value.
 */
export function refuseQueryCredentials(url: string): void {
  const at = url.indexOf('?');
  if (at === -1) return;
  // Some senders put `;` between parameters.
  for (const parameter of url.slice(at + 1).split(/[&;]/)) {
    const equals = parameter.indexOf('=');
    const name = decode(equals === -1 ? parameter : parameter.slice(0, equals));
    if (namesCredential(name) || looksLikeCredential(decode(parameter))) {
      throw new ApiError('unauthenticated');
    }
  }
}

/** Decoded until nothing changes; what is no valid encoding stays as it is. */
function decode(text: string): string {
  let decoded = text;
  for (let round = 0; round < DECODINGS; round++) {
    const next = decodeOnce(decoded);
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}

/** Only ASCII matters here, and one broken escape must not hide the rest. */
function decodeOnce(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
