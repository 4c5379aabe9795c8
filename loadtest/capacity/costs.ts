import type { Work } from './work.ts';

export const ROLES = ['node', 'redis', 'worker', 'database'] as const;
export type Role = (typeof ROLES)[number];

/** What takes CPU: that so many processes of the role and nodes run, and each unit of work. */
export type Cause = 'processes' | 'nodes' | keyof Work;

/** CPU in us for one of each. */
export type RoleCosts = Readonly<Partial<Record<Cause, number>>>;

export type Costs = {
  readonly cpuUs: Readonly<Record<Role, RoleCosts>>;
  /** Resident memory of a node. */
  readonly memory: {
    readonly nodeMb: number;
    readonly perConnectionKb: number;
    /** A document that is open on the node. */
    readonly perRoomKb: number;
  };
};

/** What may cost a role anything, known from what it does; how much is fitted. */
export const CAUSES: Readonly<Record<Role, readonly Cause[]>> = {
  node: ['processes', 'rooms', 'connections', 'edits', 'batches', 'heard', 'writes', 'opens'],
  redis: ['processes', 'nodes', 'rooms', 'batches', 'heard', 'jobs', 'folds', 'opens'],
  worker: ['processes', 'jobs', 'folds', 'edits'],
  database: ['processes', 'jobs', 'folds', 'opens'],
};

/** How many there are of each cause. */
export function causesOf(
  work: Work,
  counts: { readonly processes: number; readonly nodes: number },
): Readonly<Record<Cause, number>> {
  return { ...work, ...counts };
}

/** CPU in cores that these causes take. */
export function coresOf(costs: RoleCosts, causes: Readonly<Record<Cause, number>>): number {
  return (
    Object.entries(costs).reduce((sum, [cause, us]) => sum + us * (causes[cause as Cause] ?? 0), 0) / 1e6
  );
}
