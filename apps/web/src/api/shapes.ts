import type { DocId } from '@kryton/engine/protocol/ids.ts';

/** What one may do with a document, from least to most. */
export type Role = 'viewer' | 'editor' | 'owner';

/** How this server lets people in, told to everybody by `GET /api/node`. */
export type SignIn = {
  readonly registration: 'open' | 'invitation';
  /** Whether a newcomer may write without an account. */
  readonly guests: boolean;
  /** Whether opening an address that is free creates the document. */
  readonly createOnOpen: boolean;
  readonly providers: readonly ('google' | 'github')[];
};

/** Whose cookie this browser holds. */
export type Me = {
  readonly id: string;
  readonly kind: 'user' | 'guest';
  readonly name: string;
  readonly email: string | null;
  readonly isAdmin: boolean;
};

/** Dates are ISO strings, here and below. */
export type DocumentRow = {
  readonly id: DocId;
  readonly title: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type Grant = {
  /** `user:<id>` or `agent:<id>`. */
  readonly principalId: string;
  readonly kind: 'user' | 'agent';
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  readonly createdAt: string;
};

export type LinkRole = Exclude<Role, 'owner'>;

export type ShareLink = { readonly role: LinkRole; readonly token: string; readonly createdAt: string };

export type Scope = 'read' | 'write' | 'mint';

export type AgentToken = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null for every document that the agent can reach. */
  readonly docs: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
};

export type Agent = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly tokens: readonly AgentToken[];
};
