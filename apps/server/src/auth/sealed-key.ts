import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const CIPHER = 'aes-256-gcm';
/** The first byte of what is stored, so that another way of sealing can follow. */
const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A new Ed25519 key (RFC 8032). */
export function newSigningKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** A private key as it is stored: encrypted with `sealingKey`, and bound to the id under which it is stored. */
export function seal(privateKey: KeyObject, kid: string, sealingKey: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, sealingKey, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(kid));
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), sealed]);
}

/** The private key; null when it was sealed with another key, for another id, or was changed. */
export function unseal(stored: Buffer, kid: string, sealingKey: Buffer): KeyObject | null {
  if (stored[0] !== VERSION || stored.length <= 1 + IV_BYTES + TAG_BYTES) return null;
  const iv = stored.subarray(1, 1 + IV_BYTES);
  const tag = stored.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES);
  const sealed = stored.subarray(1 + IV_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, sealingKey, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(kid));
    decipher.setAuthTag(tag);
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
    const key = createPrivateKey({ key: plain, type: 'pkcs8', format: 'der' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}
