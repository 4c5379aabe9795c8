import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { paths } from './schema.ts';

/** What a call is answered with when it works. */
type Answer<
  Path extends keyof paths,
  Method extends 'get' | 'post',
  Status extends 200 | 201 = 200,
> = paths[Path][Method] extends {
  responses: { [Key in Status]: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;

/** How this server lets people in, told to everybody. */
export type SignIn = Answer<'/api/node', 'get'>['signIn'];

/** Whose cookie this browser holds. */
export type Me = Answer<'/api/me', 'get'>;

export type DocumentAnswer = Answer<'/api/docs/{docId}', 'get'>;
export type DocumentRow = Omit<DocumentAnswer, 'id'> & { readonly id: DocId };

/** What one may do with a document: view, edit or own it. */
export type Role = DocumentAnswer['role'];
export type LinkRole = Exclude<Role, 'owner'>;

export type Sharing = Answer<'/api/docs/{docId}/grants', 'get'>;
export type Grant = Sharing['grants'][number];
export type ShareLink = NonNullable<Sharing['link']>;

export type Agent = Answer<'/api/agents', 'get'>['agents'][number];
export type AgentToken = Agent['tokens'][number];
export type Scope = AgentToken['scopes'][number];
export type TokenWish =
  paths['/api/agents/{id}/tokens']['post']['requestBody']['content']['application/json'];
export type MadeToken = Answer<'/api/agents/{id}/tokens', 'post', 201>;

export type Invitation = Answer<'/api/invitations', 'get'>['invitations'][number];
export type MadeInvitation = Answer<'/api/invitations', 'post', 201>;
export type AuditPage = Answer<'/api/admin/audit', 'get'>;
export type AuditEvent = AuditPage['events'][number];

export type Cluster = Answer<'/api/admin/cluster', 'get'>;
export type ClusterNode = Cluster['nodes'][number];
export type ClusterWorker = Cluster['workers'][number];
