import { short } from '../bench/report.ts';
import { type Checks, compared } from './check.ts';
import { CAUSES, type Cause, type Costs, ROLES, type RoleCosts } from './costs.ts';
import { type Kind, type Load, organisation } from './load.ts';
import { type Prediction, predict } from './prediction.ts';
import { BUSY_AT_MOST, mostBorne, NODE_CONNECTIONS, NODE_MB, nodeBears, type Size, sizeFor } from './size.ts';

/** An update of one character as it travels: with its client id, its position and the head of its frame. */
const EDIT_BYTES = 40;

const CAUSE_NAMES: Readonly<Record<Cause, string>> = {
  processes: 'a process, each second',
  nodes: 'a node, each second',
  connections: 'an open connection, each second',
  rooms: 'an open document on a node, each second',
  edits: 'an edit that is accepted',
  batches: 'a batch that is appended and published',
  heard: 'a batch that a node hears',
  writes: 'a write of a batch to a socket',
  deliveries: 'an edit delivered',
  folds: 'a fold',
  jobs: 'a job: a fold, or a look',
  opens: 'a connection that is opened',
};

/** What is made for each page, by the name of its place. */
export function tables(costs: Costs, checks: Checks): Readonly<Record<string, string>> {
  return {
    costs: costTable(costs),
    node: nodeTable(costs),
    limits: limitsTable(costs),
    steps: stepsTable(costs),
    check: checkTable(costs, checks),
  };
}

function costTable({ cpuUs, memory }: Costs): string {
  const causes = [...new Set(ROLES.flatMap((role) => CAUSES[role]))];
  const cell = (us: number | undefined) => (us === undefined ? '' : String(short(us)));
  return table(
    ['us of CPU for', 'node', 'Redis', 'worker', 'PostgreSQL'],
    [
      ...causes.map((cause) => [CAUSE_NAMES[cause], ...ROLES.map((role) => cell(cpuUs[role][cause]))]),
      [
        'memory of a node',
        `${memory.nodeMb} MB, ${memory.perConnectionKb} KB a connection, ${memory.perRoomKb} KB an open document`,
        '',
        '',
        '',
      ],
    ],
  );
}

const NODES = 3;

/** What one of three nodes bears of loads of one kind. */
function nodeTable(costs: Costs): string {
  const of = (kind: Omit<Kind, 'documents'>) => (connections: number) => ({
    kinds: [{ ...kind, documents: connections / kind.people }],
    opensPerS: connections / 3_600,
    isApart: false,
  });
  const loads: readonly (readonly [string, (connections: number) => Load])[] = [
    ['pages that stay open, two people each', of({ people: 2, editors: 0, editsPerS: 0 })],
    [
      'documents of five, two of whom make an edit every other second',
      of({ people: 5, editors: 2, editsPerS: 0.5 }),
    ],
    ['documents of six, three of whom type twice a second', of({ people: 6, editors: 3, editsPerS: 2 })],
    ['meetings of fifty, ten of whom make an edit a second', of({ people: 50, editors: 10, editsPerS: 1 })],
    ['documents of 200 who all type twice a second', of({ people: 200, editors: 200, editsPerS: 2 })],
    ['an organisation in its working hours', organisation],
  ];
  return table(
    ['one of three nodes bears', 'connections', 'edits/s accepted', 'ended by'],
    loads.map(([name, load]) => {
      const { connections, editsPerS, limit } = nodeBears(load, NODES, costs);
      return [name, round(connections), round(editsPerS), limitName(limit)];
    }),
  );
}

function limitName(limit: Size['nodeLimit']): string {
  switch (limit) {
    case 'CPU':
      return `CPU, ${BUSY_AT_MOST * 100} % of a core`;
    case 'memory':
      return `memory, ${NODE_MB} MB`;
    case 'connections':
      return `MAX_CONNECTIONS, ${NODE_CONNECTIONS}`;
    case 'three at least':
      return 'three at least';
  }
}

/** Jobs for one fold: it, and the looks before it that found the document still being edited. */
const JOBS_OF_A_FOLD = 4;

/** What one process of each other role bears, when it does nothing else, and of how large an organisation that is. */
function limitsTable(costs: Costs): string {
  const { redis, worker, database } = costs.cpuUs;
  const perS = (of: RoleCosts, unitUs: number) => round((BUSY_AT_MOST * 1e6 - (of.processes ?? 0)) / unitUs);
  const jobUs = (of: RoleCosts) => (of.jobs ?? 0) + (of.folds ?? 0) / JOBS_OF_A_FOLD;
  const foldUs = (database.folds ?? 0) + JOBS_OF_A_FOLD * (database.jobs ?? 0);
  /** `busy` is told what a cluster of one of each, and enough nodes, would have to do. */
  const connections = (busy: (of: (shards: number) => Prediction) => number) => {
    const { bears } = mostBorne((count) => {
      const nodes = Math.max(NODES, Math.ceil(count / nodeBears(organisation, NODES, costs).connections));
      return (
        busy((shards) => predict(organisation(count), { nodes, shards, workers: 1 }, costs)) <= BUSY_AT_MOST
      );
    });
    return round(bears);
  };
  const jobsAlone = Number.POSITIVE_INFINITY;
  return table(
    [
      `${BUSY_AT_MOST * 100} % of a core of`,
      'bears',
      'connections of the organisation',
      'the metric that shows it',
    ],
    [
      [
        'a shard of Redis without the jobs',
        `${perS(redis, (redis.batches ?? 0) + 2 * (redis.heard ?? 0))} publishes/s`,
        connections((of) => of(1).shard - of(jobsAlone).shard),
        '`sum(rate(kryton_append_seconds_count))`',
      ],
      [
        '**the shard of Redis with the jobs**, of which there is one',
        `${perS(redis, jobUs(redis))} jobs/s`,
        `**${connections((of) => of(jobsAlone).shard)}**`,
        '`sum(rate(kryton_jobs_total))`, `kryton_jobs{state="waiting"}`',
      ],
      [
        'a worker',
        `${perS(worker, jobUs(worker))} jobs/s`,
        connections((of) => of(1).worker),
        '`rate(kryton_jobs_total)`, `kryton_backlog_oldest_seconds`',
      ],
      [
        'PostgreSQL',
        `${perS(database, foldUs)} folds/s`,
        connections((of) => of(1).database),
        '`sum(rate(kryton_folds_total{result="folded"}))`',
      ],
    ],
  );
}

const STEPS = [10_000, 100_000, 1_000_000];

function stepsTable(costs: Costs): string {
  const sizes = STEPS.map((connections) => sizeFor(organisation(connections), costs));
  const row = (name: string, metric: string, value: (size: Size) => string) => [
    name,
    ...sizes.map(value),
    metric,
  ];
  const cpu = '`rate(kryton_cpu_seconds_total)`';
  return table(
    [
      'connections',
      ...STEPS.map((connections) => connections.toLocaleString('en-US')),
      'the metric that shows it',
    ],
    [
      row('**nodes**', '`kryton_connections` of each', ({ cluster }) => `**${cluster.nodes}**`),
      row('**shards of Redis**', '', ({ cluster }) => `**${cluster.shards}**`),
      row('**workers**', '', ({ cluster }) => `**${cluster.workers}**`),
      row('number of nodes set by', '', ({ nodeLimit }) => limitName(nodeLimit)),
      row('CPU of a node, cores', cpu, ({ prediction }) => two(prediction.node)),
      row('memory of a node, MB', '`kryton_resident_memory_bytes`', ({ prediction }) =>
        round(prediction.nodeMb),
      ),
      row('edits/s', '`sum(rate(kryton_updates_in_total))`', ({ prediction }) =>
        round(prediction.work.edits),
      ),
      row('MB/s out of a node', '`rate(kryton_update_bytes_out_total)`', ({ prediction, cluster }) =>
        two((prediction.work.deliveries * EDIT_BYTES) / cluster.nodes / 1e6),
      ),
      row(
        'publishes/s of a shard',
        '`sum(rate(kryton_append_seconds_count))` / shards',
        ({ prediction, cluster }) => round(prediction.work.batches / cluster.shards),
      ),
      row(
        'CPU of the shard with the jobs, cores',
        'CPU of its redis-server, `kryton_jobs{state="waiting"}`',
        ({ prediction, isJobsSlotFull }) =>
          isJobsSlotFull ? `**${two(prediction.shard)}**` : two(prediction.shard),
      ),
      row('folds/s', '`sum(rate(kryton_folds_total{result="folded"}))`', ({ prediction }) =>
        round(prediction.work.folds),
      ),
      row('jobs/s', '`sum(rate(kryton_jobs_total))`', ({ prediction }) => round(prediction.work.jobs)),
      row('CPU of a worker, cores', cpu, ({ prediction }) => two(prediction.worker)),
      row('CPU of PostgreSQL, cores', '`kryton_database_statement_seconds`', ({ prediction }) =>
        two(prediction.database),
      ),
    ],
  );
}

function checkTable(costs: Costs, { checks }: Checks): string {
  return table(
    ['', 'predicted', 'measured', 'predicted / measured'],
    checks.flatMap((check) => [
      [`**${check.name}**`, '', '', ''],
      ...compared(check, costs).map(({ name, unit, predicted, measured }) => [
        name,
        `${short(predicted)} ${unit}`,
        `${short(measured)} ${unit}`,
        two(predicted / measured),
      ]),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function two(value: number): string {
  return value.toFixed(2);
}

/** Two digits that count: a model says no more. */
function round(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US');
}
