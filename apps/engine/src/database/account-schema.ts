import type { ColumnType, Generated, JSONColumnType } from 'kysely';

/**
 * The tables of accounts and access. Those of better-auth keep its names (a table in the singular, columns in camel
 * case), because its plugins read and write them by these.
 */
export type AccountTables = {
  readonly user: User;
  readonly session: Session;
  readonly documents: Documents;
  readonly document_grants: DocumentGrants;
  readonly document_links: DocumentLinks;
  readonly agents: Agents;
  readonly agent_tokens: AgentTokens;
  readonly document_token_keys: DocumentTokenKeys;
  readonly invitations: Invitations;
  readonly first_admin: FirstAdmin;
  readonly audit_events: AuditEvents;
};

/** better-auth's; only what is read here. Guests are users with `isAnonymous`. */
export type User = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  /** `admin` or `user`. */
  readonly role: string | null;
  /** Disabled by an admin, until `banExpires` or for good. */
  readonly banned: boolean | null;
  readonly banExpires: Date | null;
  readonly isAnonymous: boolean | null;
  readonly createdAt: Generated<Date>;
  readonly updatedAt: Generated<Date>;
};

/** better-auth's; only what is read here. */
export type Session = {
  readonly id: string;
  readonly userId: string;
  readonly token: string;
  readonly expiresAt: Date;
  readonly createdAt: Generated<Date>;
  readonly updatedAt: Date;
};

export type Documents = {
  readonly id: string;
  readonly title: string;
  /** The principal that created it; null for a document that was here before accounts, or was imported. */
  readonly created_by: string | null;
  readonly created_at: Generated<Date>;
  readonly updated_at: Generated<Date>;
  /** A deleted document keeps its row, so that a late fold brings nothing back and its id is not used again. */
  readonly deleted_at: Later<Date>;
};

/** Who may do what: `principal_id` is `user:<id>` or `agent:<id>`; `role` is `viewer`, `editor` or `owner`. */
export type DocumentGrants = {
  readonly doc_id: string;
  readonly principal_id: string;
  readonly role: string;
  readonly granted_by: string | null;
  readonly created_at: Generated<Date>;
};

/** What anyone with the link may do; at most one link a document. The link's token is derived, not stored. */
export type DocumentLinks = {
  readonly doc_id: string;
  /** Random; a new link has a new one, which ends the old link. */
  readonly link_id: string;
  readonly role: string;
  readonly created_by: string | null;
  readonly created_at: Generated<Date>;
};

export type Agents = {
  readonly id: string;
  readonly owner_id: string;
  readonly name: string;
  readonly created_at: Generated<Date>;
};

export type AgentTokens = {
  readonly id: string;
  readonly agent_id: string;
  readonly name: string;
  /** SHA-256 of the token. */
  readonly token_hash: Buffer;
  /** `read`, `write`, `mint`. */
  readonly scopes: string[];
  /** The documents it is good for; null for all that its agent can reach. */
  readonly docs: string[] | null;
  readonly created_at: Generated<Date>;
  readonly expires_at: Date;
  readonly last_used_at: Later<Date>;
  readonly revoked_at: Later<Date>;
};

/** The keys that sign document tokens, the newest signs. */
export type DocumentTokenKeys = {
  readonly kid: string;
  readonly public_jwk: JSONColumnType<Record<string, unknown>>;
  /** Encrypted with a key derived from BETTER_AUTH_SECRET. */
  readonly private_jwk: Buffer;
  readonly created_at: Generated<Date>;
};

export type Invitations = {
  readonly id: string;
  /** SHA-256 of the code. */
  readonly code_hash: Buffer;
  /** Only this address may use it; null for whoever has the code. */
  readonly email: string | null;
  readonly created_by: string;
  readonly created_at: Generated<Date>;
  readonly expires_at: Date;
  readonly used_at: Later<Date>;
  readonly used_by: Later<string>;
};

/** One row at most: who was first to sign up and so became admin. */
export type FirstAdmin = {
  readonly id: number;
  readonly email: string;
  readonly claimed_at: Generated<Date>;
};

export type AuditEvents = {
  readonly id: Generated<number>;
  readonly at: Generated<Date>;
  /** What happened, as `AuditKind` in the server's audit log. */
  readonly kind: string;
  /** The principal that did it; null where nobody is known, as in a failed sign-in. */
  readonly actor: string | null;
  /** Whom or what it was done to. */
  readonly subject: string | null;
  readonly doc_id: string | null;
  /** The client's address, as the node's trusted proxies tell it. */
  readonly address: string | null;
  readonly node: string;
  readonly details: JSONColumnType<Record<string, unknown>>;
};

/** Null until it is known. */
type Later<Value> = ColumnType<Value | null, Value | null | undefined, Value | null>;
