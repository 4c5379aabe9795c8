import type { NodeStatus, WorkerStatus } from '@kryton/engine/roster/process-status.ts';
import type { Roster, RosterEntry } from '@kryton/engine/roster/roster.ts';
import { REPORT_EVERY_MS } from '@kryton/engine/roster/roster-reports.ts';
import { z } from 'zod';
import { adminOnly, type IsAdmin } from './admin-only.ts';
import type { ApiInstance, ApiNode } from './api.ts';
import { unavailable } from './errors.ts';

export type ClusterRoutesParts = {
  readonly roster: Pick<Roster, 'read'>;
  readonly isAdmin: IsAdmin;
};

/** Who missed two reports is not heard from; one may be late. */
const SILENT_AFTER_MS = 2.5 * REPORT_EVERY_MS;

/** A figure that is not known, by this version or yet, is null. */
const figure = (about: string) => z.number().nullable().describe(about);

const PROCESS = {
  id: z.string().describe('Of one start of the process'),
  name: z.string(),
  version: z.string(),
  heardMsAgo: z.number().describe('Since its last report'),
  upMs: figure('Since its start'),
  eventLoopMs: figure('How late its event loop ran within the last seconds; 99 of 100 times it was less'),
  memoryBytes: figure('Resident memory of its process'),
};

const NODE = z.object({
  ...PROCESS,
  state: z
    .enum(['ready', 'overloaded', 'deaf', 'draining', 'silent', 'unknown'])
    .describe(
      'overloaded: it refuses newcomers until it has caught up. deaf: it does not hear its own heartbeat through Redis. silent: its reports have stopped',
    ),
  connections: figure('Open WebSockets'),
  documents: figure('Documents open on it'),
  appendMs: figure('Mean time of an append within the last seconds; null where there was none'),
  oldestUnfoldedMs: figure('Age of the oldest update of its open documents that no snapshot covers'),
  pendingBytes: figure('Updates that are accepted and not yet durable'),
  outboxBytes: figure('What waits for slow clients'),
});

const WORKER = z.object({
  ...PROCESS,
  state: z.enum(['working', 'draining', 'silent', 'unknown']),
  running: figure('Folds under way'),
  folds: figure('Fold jobs that ended since its start'),
  failures: figure('Of these, those that failed and are tried again'),
});

const BACKLOG = z.object({
  sweptMsAgo: z.number().describe('How old these figures are'),
  logDocuments: figure('Documents that have a log'),
  documents: figure('Of these, those with updates that no snapshot covers'),
  oldestMs: figure('For how long the oldest of these has been seen without a fold'),
  quarantinedDocuments: figure('Documents that are set aside'),
  quarantinedEntries: figure('Log entries that are set aside'),
});

const CLUSTER = z.object({
  answeredBy: z.string().describe('The name of the node that answers'),
  nodes: z.array(NODE),
  workers: z.array(WORKER),
  backlog: BACKLOG.nullable().describe('As the newest sweep of a worker found it; null before the first'),
});

type Cluster = z.infer<typeof CLUSTER>;

/** `GET /api/admin/cluster`: who is in the cluster and how they are, for an admin, on whichever node is asked. */
export function clusterRoutes({ roster, isAdmin }: ClusterRoutesParts) {
  return (api: ApiInstance, { name }: Pick<ApiNode, 'name'>): void => {
    api.get(
      '/api/admin/cluster',
      {
        preValidation: adminOnly(isAdmin),
        schema: {
          summary: 'The nodes and workers of the cluster, and what waits to be folded',
          tags: ['administration'],
          response: { 200: CLUSTER },
        },
      },
      async (_request, reply) => {
        const entries = await roster.read().catch((error) => Promise.reject(unavailable(error)));
        reply.header('cache-control', 'no-store');
        return clusterOf(entries, name);
      },
    );
  };
}

function clusterOf(entries: readonly RosterEntry[], answeredBy: string): Cluster {
  const nodes: Cluster['nodes'] = [];
  const workers: Cluster['workers'] = [];
  let backlog: Cluster['backlog'] = null;
  for (const { status, ageMs } of entries) {
    if (status.kind === 'node') nodes.push(nodeOf(status, ageMs));
    else {
      workers.push(workerOf(status, ageMs));
      const found = backlogOf(status, ageMs);
      if (found && (backlog === null || found.sweptMsAgo < backlog.sweptMsAgo)) backlog = found;
    }
  }
  return { answeredBy, nodes, workers, backlog };
}

function nodeOf({ id, name, version, state, figures }: NodeStatus, heardMsAgo: number) {
  return { id, name, version, heardMsAgo, state: stateOf(state, heardMsAgo), ...figures };
}

function workerOf({ id, name, version, state, figures }: WorkerStatus, heardMsAgo: number) {
  const { upMs, eventLoopMs, memoryBytes, running, folds, failures } = figures;
  const own = { upMs, eventLoopMs, memoryBytes, running, folds, failures };
  return { id, name, version, heardMsAgo, state: stateOf(state, heardMsAgo), ...own };
}

function backlogOf({ figures }: WorkerStatus, ageMs: number): Cluster['backlog'] {
  if (figures.sweptAgoMs === null) return null;
  return {
    sweptMsAgo: figures.sweptAgoMs + ageMs,
    logDocuments: figures.logDocuments,
    documents: figures.backlogDocuments,
    oldestMs: figures.backlogOldestMs,
    quarantinedDocuments: figures.quarantinedDocuments,
    quarantinedEntries: figures.quarantinedEntries,
  };
}

/** What a process said before it fell silent says nothing about now. */
function stateOf<State extends string>(state: State, heardMsAgo: number): State | 'silent' {
  return heardMsAgo > SILENT_AFTER_MS ? 'silent' : state;
}
