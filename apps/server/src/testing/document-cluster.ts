import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { deleteDocument } from '@kryton/engine/compaction/delete-document.ts';
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import type { Database } from '@kryton/engine/database/schema.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import type { Kysely } from 'kysely';
import { Documents, newDocId } from '../access/documents.ts';
import { Grants } from '../access/grants.ts';
import { KickBus } from '../access/kick-bus.ts';
import { SqlAccess } from '../access/sql-access.ts';
import { LinkTokens } from '../auth/link-tokens.ts';
import type { Authenticator, Principal } from '../auth/principal.ts';
import { contentRoutes } from '../http/content-routes.ts';
import { documentRoutes } from '../http/document-routes.ts';
import { grantRoutes } from '../http/grant-routes.ts';
import { AccountRows } from './account-rows.ts';
import { knownPeople } from './known-people.ts';
import { recordedAudit } from './recorded-audit.ts';
import { nodeAt, startTestCluster, type TestCluster } from './test-cluster.ts';
import type { TestNodeOptions } from './test-node.ts';

/** Only kicks end anything within a test. */
const NEVER_MS = 600_000;
const NODES = 2;

/** Two nodes with real access and the routes of documents. Who somebody is, is told by tokens of the test. */
export type DocumentCluster = {
  readonly cluster: TestCluster;
  readonly rows: AccountRows;
  readonly audit: ReturnType<typeof recordedAudit>;
  readonly links: LinkTokens;
  tokenOf(principal: Principal): string;
  /** A request to a node's API; its body is sent as JSON unless it is bytes. */
  ask(
    node: number,
    principal: Principal | null,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Removes what is left of a deleted document, as the workers do. */
  purge(docId: DocId): Promise<void>;
  stop(): Promise<void>;
};

/** `body` is what came as JSON, or the bytes. */
export type Answer = { readonly status: number; readonly type: string | null; readonly body: unknown };

export async function startDocumentCluster(
  urls: { readonly redisUrl: string; readonly postgresUrl: string },
  options: Partial<TestNodeOptions> & { readonly createOnOpen?: boolean } = {},
): Promise<DocumentCluster> {
  const closing: (() => Promise<void>)[] = [];
  const audit = recordedAudit();
  const people = knownPeople();
  const links = new LinkTokens('a secret of this test, long enough for a key');
  const authenticator: Authenticator = {
    async identify(source) {
      const known = await people.identify(source);
      const shown = /kryton-token, ?(\S+)$/.exec(String(source.headers['sec-websocket-protocol']))?.[1];
      return known ?? (shown === undefined ? null : links.verify(shown));
    },
  };
  const log = await RedisUpdateLog.connect({ url: urls.redisUrl, name: 'content', onError: () => {} });
  const heavy = createHeavyWork({ maxThreads: 1, memoryMb: 512 });
  closing.push(
    () => heavy.close(),
    () => log.close(),
  );
  const kicks: KickBus[] = [];
  for (let index = 0; index < NODES; index++) {
    const bus = await RedisMessageBus.connect({
      url: urls.redisUrl,
      name: `bus-${index}`,
      onError: () => {},
    });
    closing.push(() => bus.close());
    kicks.push(new KickBus(bus, { warn: () => {} }));
  }
  const purgeOn = (database: Kysely<Database>, docId: DocId) =>
    deleteDocument(docId, {
      log,
      snapshots: new PostgresSnapshotStore(database),
      quarantine: new PostgresQuarantine(database),
    });
  const cluster = await startTestCluster(urls, (database) =>
    kicks.map((own) => {
      const createOnOpen = options.createOnOpen ?? false;
      const access = new SqlAccess({ database, audit, timers: systemTimers, now: Date.now, createOnOpen });
      const snapshots = new PostgresSnapshotStore(database);
      const purge = (docId: DocId) => purgeOn(database, docId);
      const shared = { database, access, audit, kicks: own };
      const documents = new Documents({ ...shared, purge, newId: newDocId, logger: { error: () => {} } });
      const grants = new Grants({ ...shared, links, now: Date.now });
      const routes = [
        documentRoutes(documents),
        grantRoutes(grants),
        contentRoutes({ documents, log, snapshots, heavy }),
      ];
      return { authenticator, access, audit, kicks: own, reviewEveryMs: NEVER_MS, routes, ...options };
    }),
  );
  return {
    cluster,
    rows: new AccountRows(cluster.database),
    audit,
    links,
    tokenOf: people.tokenOf,
    purge: (docId) => purgeOn(cluster.database, docId),
    async ask(node, principal, method, path, body, headers = {}) {
      const isBytes = body instanceof Uint8Array;
      const bytes =
        body === undefined ? null : isBytes ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
      return await send(nodeAt(cluster, node).port, method, path, bytes, {
        ...(principal && { authorization: `Bearer ${people.tokenOf(principal)}` }),
        ...(bytes && { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      });
    },
    async stop() {
      await cluster.stop();
      for (const close of closing) await close();
    },
  };
}

/**
 * By hand, because `fetch` tidies up paths before it sends them; on a connection of its own, because one on which a body
 * was announced and not sent is of no use to another request.
 */
async function send(
  port: number,
  method: string,
  path: string,
  body: Buffer | null,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false });
  sent.end(body);
  const [answer]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage];
  const bytes = await buffer(answer);
  const type = answer.headers['content-type'] ?? null;
  const isJson = type?.startsWith('application/json') && bytes.length > 0;
  return {
    status: answer.statusCode ?? 0,
    type,
    body: isJson ? JSON.parse(bytes.toString()) : new Uint8Array(bytes),
  };
}
