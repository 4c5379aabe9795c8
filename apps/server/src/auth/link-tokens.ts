import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type DocId, parseDocId, principalId } from '@kryton/engine/protocol/ids.ts';
import { deriveKey } from './derived-key.ts';
import type { Principal } from './principal.ts';

export const LINK_PREFIX = 'kryton_link_';

/** The prefix, the document, the link's id and the MAC over both, with dots between. */
const LINK_TOKEN = /^kryton_link_([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{16,64})\.([A-Za-z0-9_-]{43})$/;
const LINK_ID_BYTES = 16;
const VISITOR_ID_BYTES = 12;

/**
 * The tokens of "anyone with the link". They are derived from what stands in the database, so an owner can be shown a
 * link again and yet the database alone opens nothing.
 */
export class LinkTokens {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = deriveKey(secret, 'kryton link tokens 1');
  }

  /** The id of a new link. */
  newLinkId(): string {
    return randomBytes(LINK_ID_BYTES).toString('base64url');
  }

  /** What stands in the link; the same for the same link. */
  tokenOf(docId: DocId, linkId: string): string {
    return `${LINK_PREFIX}${docId}.${linkId}.${this.#mac(docId, linkId)}`;
  }

  /**
   * A visitor, another one each time: a link tells nobody apart. Null when this server never made the token. Costs one
   * HMAC; whether the link is still there is for the access to say.
   */
  verify(token: string): Principal | null {
    const [, id = '', linkId = '', mac = ''] = LINK_TOKEN.exec(token) ?? [];
    const docId = parseDocId(id);
    if (docId === null) return null;
    // As text: the last of its characters has bits that decoding drops, and one link has one token.
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(this.#mac(docId, linkId)))) return null;
    return {
      id: principalId(`visitor:${randomBytes(VISITOR_ID_BYTES).toString('base64url')}`),
      kind: 'visitor',
      name: 'Visitor',
      credential: { kind: 'link', docId, linkId },
    };
  }

  /** Neither part can hold the separator. */
  #mac(docId: DocId, linkId: string): string {
    return createHmac('sha256', this.#key).update(`${docId}.${linkId}`).digest('base64url');
  }
}
