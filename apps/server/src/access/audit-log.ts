/** What an operator may want to know later, of everything that touches security. */
export type AuditKind =
  | 'sign-up'
  | 'sign-in'
  | 'sign-in-failed'
  | 'sign-out'
  | 'password-changed'
  | 'passkey-added'
  | 'passkey-removed'
  | 'two-factor-changed'
  | 'user-disabled'
  | 'user-enabled'
  | 'user-deleted'
  | 'role-changed'
  | 'invitation-created'
  | 'agent-created'
  | 'agent-deleted'
  | 'agent-token-created'
  | 'agent-token-revoked'
  | 'document-token-minted'
  | 'document-created'
  | 'document-deleted'
  | 'grant-changed'
  | 'grant-removed'
  | 'link-created'
  | 'link-removed'
  | 'kick';

export type AuditEvent = {
  readonly kind: AuditKind;
  /** The principal that did it; absent where nobody is known. */
  readonly actor?: string | undefined;
  readonly subject?: string | undefined;
  readonly docId?: string | undefined;
  /** The client's address. */
  readonly address?: string | undefined;
  /** Never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>> | undefined;
};

/** Takes events; never makes anybody wait and never throws. */
export interface AuditLog {
  record(event: AuditEvent): void;
}
