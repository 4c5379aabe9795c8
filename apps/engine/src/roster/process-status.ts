/**
 * What one process of the cluster says of itself. Figures are numbers of their name's unit, counted since the last
 * report where they are about time; null is "not known".
 */
export type ProcessStatus = NodeStatus | WorkerStatus;

export type NodeStatus = StatusHead & {
  readonly kind: 'node';
  readonly state: NodeState | Unknown;
  readonly figures: Figures<NodeFigure>;
};

export type WorkerStatus = StatusHead & {
  readonly kind: 'worker';
  readonly state: WorkerState | Unknown;
  readonly figures: Figures<WorkerFigure>;
};

/**
 * `overloaded`: it refuses newcomers until it has caught up. `deaf`: it does not hear its own heartbeat (LOG5) and takes no new
 * connections. `draining`: it is leaving.
 */
export type NodeState = (typeof NODE_STATES)[number];
export type WorkerState = (typeof WORKER_STATES)[number];
export type NodeFigure = (typeof NODE_FIGURES)[number];
export type WorkerFigure = (typeof WORKER_FIGURES)[number];

type StatusHead = {
  /** One start of one process; another one after a restart. */
  readonly id: string;
  /** As its logs name it. */
  readonly name: string;
  readonly version: string;
};
/** A state of another version, which this one has no word for. */
type Unknown = 'unknown';
type Figures<Name extends string> = Readonly<Record<Name, number | null>>;

const NODE_STATES = ['ready', 'overloaded', 'deaf', 'draining'] as const;
const NODE_FIGURES = [
  'upMs',
  'connections',
  'documents',
  /** Mean of the appends since the last report. */
  'appendMs',
  /** How late the event loop ran since the last report; 99 of 100 times it was less. */
  'eventLoopMs',
  'oldestUnfoldedMs',
  'pendingBytes',
  'outboxBytes',
  'memoryBytes',
] as const;

const WORKER_STATES = ['working', 'draining'] as const;
const WORKER_FIGURES = [
  'upMs',
  /** Folds under way. */
  'running',
  /** Fold jobs that ended since the start, and those that failed and are tried again. */
  'folds',
  'failures',
  'eventLoopMs',
  'memoryBytes',
  /** What the last sweep of this worker found, and how long ago that was: sweeps go round among the workers. */
  'sweptAgoMs',
  'logDocuments',
  'backlogDocuments',
  'backlogOldestMs',
  'quarantinedDocuments',
  'quarantinedEntries',
] as const;

export function encodeStatus(status: ProcessStatus): string {
  return JSON.stringify(status);
}

/**
 * The status in `text`, or null for what is none. One of another version is read as far as it is understood, because
 * during an upgrade both report: a figure that it does not have is null.
 */
export function decodeStatus(text: string): ProcessStatus | null {
  const value = parse(text);
  if (value === null) return null;
  const { id, name, version, kind, state } = value;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof version !== 'string') return null;
  const head = { id, name, version };
  switch (kind) {
    case 'node':
      return { ...head, kind, state: known(state, NODE_STATES), figures: figures(value, NODE_FIGURES) };
    case 'worker':
      return { ...head, kind, state: known(state, WORKER_STATES), figures: figures(value, WORKER_FIGURES) };
    default:
      return null;
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function known<State extends string>(value: unknown, states: readonly State[]): State | Unknown {
  return states.find((state) => state === value) ?? 'unknown';
}

function figures<Name extends string>(
  { figures: values }: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): Figures<Name> {
  const from = isRecord(values) ? values : {};
  const entries = names.map((name) => {
    const value = from[name];
    return [name, typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null];
  });
  return Object.fromEntries(entries) as Figures<Name>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
