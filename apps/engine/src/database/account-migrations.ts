import { type Kysely, sql } from 'kysely';

/**
 * The tables of better-auth 1.7 with its plugins admin, anonymous, two-factor and passkey, as its own generator writes
 * them; a test of the server compares. They are created here so that there is one way to migrate.
 */
export async function createAccountTables(database: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE "user" ("id" text NOT NULL PRIMARY KEY, "name" text NOT NULL, "email" text NOT NULL UNIQUE,
      "emailVerified" boolean NOT NULL, "image" text, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
      "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, "role" text, "banned" boolean, "banReason" text,
      "banExpires" timestamptz, "isAnonymous" boolean, "twoFactorEnabled" boolean)`,
    `CREATE TABLE "session" ("id" text NOT NULL PRIMARY KEY, "expiresAt" timestamptz NOT NULL,
      "token" text NOT NULL UNIQUE, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
      "updatedAt" timestamptz NOT NULL, "ipAddress" text, "userAgent" text,
      "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "impersonatedBy" text)`,
    `CREATE TABLE "account" ("id" text NOT NULL PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL,
      "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "accessToken" text, "refreshToken" text,
      "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, "scope" text,
      "password" text, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, "updatedAt" timestamptz NOT NULL)`,
    `CREATE TABLE "verification" ("id" text NOT NULL PRIMARY KEY, "identifier" text NOT NULL, "value" text NOT NULL,
      "expiresAt" timestamptz NOT NULL, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
      "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    `CREATE TABLE "twoFactor" ("id" text NOT NULL PRIMARY KEY, "secret" text NOT NULL, "backupCodes" text NOT NULL,
      "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "verified" boolean,
      "failedVerificationCount" integer, "lockedUntil" timestamptz)`,
    `CREATE TABLE "passkey" ("id" text NOT NULL PRIMARY KEY, "name" text, "publicKey" text NOT NULL,
      "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE, "credentialID" text NOT NULL,
      "counter" integer NOT NULL, "deviceType" text NOT NULL, "backedUp" boolean NOT NULL, "transports" text,
      "createdAt" timestamptz, "aaguid" text)`,
    `CREATE INDEX "session_userId_idx" ON "session" ("userId")`,
    `CREATE INDEX "account_userId_idx" ON "account" ("userId")`,
    `CREATE INDEX "verification_identifier_idx" ON "verification" ("identifier")`,
    `CREATE INDEX "twoFactor_secret_idx" ON "twoFactor" ("secret")`,
    `CREATE INDEX "twoFactor_userId_idx" ON "twoFactor" ("userId")`,
    `CREATE INDEX "passkey_userId_idx" ON "passkey" ("userId")`,
    `CREATE INDEX "passkey_credentialID_idx" ON "passkey" ("credentialID")`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(database);
}

/** Documents, who may do what with them, agents and their tokens, invitations, and the audit log. */
export async function createAccessTables(database: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE documents (id text PRIMARY KEY, title text NOT NULL DEFAULT '', created_by text,
      created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz)`,
    `CREATE INDEX documents_deleted ON documents (deleted_at) WHERE deleted_at IS NOT NULL`,
    // Documents from before accounts have no owner; an admin gives them one.
    `INSERT INTO documents (id) SELECT doc_id FROM document_snapshots UNION SELECT doc_id FROM log_heads`,
    `CREATE TABLE document_grants (doc_id text NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
      principal_id text NOT NULL, role text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')), granted_by text,
      created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (doc_id, principal_id))`,
    `CREATE INDEX document_grants_principal ON document_grants (principal_id, doc_id)`,
    `CREATE TABLE document_links (doc_id text PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
      link_id text NOT NULL UNIQUE, role text NOT NULL CHECK (role IN ('viewer', 'editor')), created_by text,
      created_at timestamptz NOT NULL DEFAULT now())`,
    `CREATE TABLE agents (id text PRIMARY KEY, owner_id text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE,
      name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`,
    `CREATE INDEX agents_owner ON agents (owner_id)`,
    `CREATE TABLE agent_tokens (id text PRIMARY KEY, agent_id text NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
      name text NOT NULL, token_hash bytea NOT NULL UNIQUE, scopes text[] NOT NULL, docs text[],
      created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, last_used_at timestamptz,
      revoked_at timestamptz)`,
    `CREATE INDEX agent_tokens_agent ON agent_tokens (agent_id)`,
    `CREATE TABLE document_token_keys (kid text PRIMARY KEY, public_jwk jsonb NOT NULL, private_jwk bytea NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now())`,
    `CREATE TABLE invitations (id text PRIMARY KEY, code_hash bytea NOT NULL UNIQUE, email text,
      created_by text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL,
      used_at timestamptz, used_by text)`,
    `CREATE TABLE first_admin (id integer PRIMARY KEY CHECK (id = 1), email text NOT NULL,
      claimed_at timestamptz NOT NULL DEFAULT now())`,
    `CREATE TABLE audit_events (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
      at timestamptz NOT NULL DEFAULT now(), kind text NOT NULL, actor text, subject text, doc_id text, address text,
      node text NOT NULL, details jsonb NOT NULL DEFAULT '{}')`,
    `CREATE INDEX audit_events_kind ON audit_events (kind, id)`,
    `CREATE INDEX audit_events_doc ON audit_events (doc_id, id) WHERE doc_id IS NOT NULL`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(database);
}
