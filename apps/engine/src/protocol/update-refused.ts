import type { CloseKind } from './close-codes.ts';

/** Every reason for which an update or a state vector is refused, and the close code that tells the client. */
export const REFUSAL_CODES = {
  /** Cut short, or a number that no honest writer produces. */
  unreadable: 'malformed',
  'trailing-bytes': 'malformed',
  'unknown-struct': 'malformed',
  'unknown-content': 'malformed',
  'bad-text': 'malformed',
  'bad-json': 'malformed',
  'bad-subdocument': 'malformed',
  /** A struct that depends on itself or on a later one of its own client. */
  'bad-reference': 'malformed',
  'empty-struct': 'malformed',
  'clients-out-of-order': 'malformed',
  'repeated-client': 'malformed',
  'bad-delete-set': 'malformed',
  'clock-too-large': 'malformed',
  'nested-too-deep': 'malformed',
  'too-many-structs': 'tooLarge',
  'too-many-clients': 'tooLarge',
  'too-many-delete-ranges': 'tooLarge',
  'too-many-root-names': 'tooLarge',
  'root-name-too-long': 'tooLarge',
  'content-too-large': 'tooLarge',
  'too-many-subdocuments': 'tooLarge',
  'state-vector-too-large': 'tooLarge',
} as const satisfies Record<string, CloseKind>;

export type RefusalCode = keyof typeof REFUSAL_CODES;

/** The bytes must not enter a document; `message` says why in plain words. */
export class UpdateRefused extends Error {
  override readonly name = 'UpdateRefused';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }

  /** How a socket that sent this is closed. */
  get closeKind(): CloseKind {
    return REFUSAL_CODES[this.code];
  }
}
