import { hkdfSync } from 'node:crypto';

/** What keys are derived for. A purpose is never used for two things, and never renamed: what it made would end. */
export type KeyPurpose = 'kryton link tokens 1' | 'kryton document token keys 1';

/** 32 bytes from BETTER_AUTH_SECRET for one purpose (HKDF-SHA256, RFC 5869); none of them tells of another. */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}
