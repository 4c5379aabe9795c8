import { type CrowdOptions, crowd } from './crowd.ts';
import { foldBacklog } from './fold-backlog.ts';
import { killNode } from './node-kill.ts';
import { publishesPerEdit } from './publishes.ts';
import { type Figure, generatorFigures, type Scenario, type Span, shown } from './scenario.ts';
import { withSeparateDocuments } from './separate-documents.ts';
import type { StartSystem, SystemSize, SystemUnderTest } from './system.ts';

const SIZES = [1, 2, 3, 4] as const;
const FEWEST = 1;
const MOST = 4;
/** For each node; one of the two clients edits. */
const SHARE_OF_A_NODE = { documents: 50, clients: 2, actors: 1, actionsPerS: 2 };
const KILLED = { documents: 200, clients: 10, bytes: 50_000 };

async function on<Result>(
  start: StartSystem,
  work: (system: SystemUnderTest) => Promise<Result>,
  size: SystemSize = {},
): Promise<Result> {
  const system = await start(size);
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** CPU in us per edit of nodes, worker and Redis, every document on one node. */
function cpuPerEdit(
  start: StartSystem,
  nodes: number,
  span: Span | undefined,
): Promise<{ us: number; figures: Figure[] }> {
  const options: CrowdOptions = {
    ...SHARE_OF_A_NODE,
    documents: SHARE_OF_A_NODE.documents * nodes,
    does: ['edit'],
    ...span,
  };
  const work = async (system: SystemUnderTest) => {
    const { cpu, sent, missing, generator } = await crowd(withSeparateDocuments(system), options);
    const parts = [...cpu.byRole].filter(([role]) => role !== 'database');
    const us = (ms: number) => (ms * 1_000) / sent;
    return {
      us: us(cpu.countedMs),
      figures: [
        shown(`${nodes}: CPU per edit`, 'us', us(cpu.countedMs)),
        ...parts.map(([role, ms]) => shown(`${nodes}: of it ${role}`, 'us', us(ms))),
        { name: `${nodes}: deliveries missing`, unit: '', value: missing, target: 0 },
        ...(nodes === MOST ? generatorFigures(generator) : []),
      ],
    };
  };
  return on(start, work, { nodes });
}

/** P8, P9 and P10: several nodes, a backlog, a node that dies. */
export const CLUSTER_SCENARIOS: readonly Scenario[] = [
  {
    id: 'P8',
    question:
      'How many messages does Redis pass on for one edit in a document with an editor on each of N nodes, and what does an edit cost when nodes are added with documents of their own?',
    nonGoals:
      'Four nodes, of which N have the document open; edits one after the other: what a batch saves is P1. Counted by MONITOR, so publishes of Lua scripts too; channels that are busy when nobody types (heartbeats) stand beside it. Each node brings 50 documents of two clients, one of them typing 2 characters a second; all nodes share one core.',
    target: '1 publish, whatever the number of nodes; CPU per edit on 4 nodes 1.1 x that on 1',
    async run(start, span) {
      const count = (system: SystemUnderTest) => publishesPerEdit(system, SIZES);
      const { perEdit, backgroundPerS } = await on(start, count, { nodes: MOST });
      const publishes: Figure[] = [
        ...SIZES.map((nodes, index) => ({
          name: `${nodes}: publishes per edit`,
          unit: '',
          value: perEdit[index] ?? Number.NaN,
          target: 1,
        })),
        shown('without edits, per second', '', backgroundPerS),
      ];
      const one = await cpuPerEdit(start, FEWEST, span);
      const four = await cpuPerEdit(start, MOST, span);
      const ratio = {
        name: 'CPU per edit, 4 nodes / 1 node',
        unit: '',
        value: four.us / one.us,
        target: 1.1,
      };
      return [...publishes, ratio, ...one.figures, ...four.figures];
    },
  },
  {
    id: 'P9',
    question:
      'How long does a worker take to fold a backlog of 259,778 updates, and what do the nodes notice?',
    nonGoals:
      'From the moment when a worker that has just started answers: its thread and its code are cold. The backlog is of one document that nobody has open; 80 clients on 20 others edit meanwhile. Nodes, worker, Redis and database share one core, so a delay of a node is also what the others took of it.',
    target:
      '3 s; no event loop of a node delayed by more than 20 ms (its own metric: how late a timer of 20 ms came)',
    run: (start) =>
      on(start, async (system) => {
        const { foldedMs, foldSeconds, updates, source, loopDelayMs, loopDelayBeforeMs, crowd } =
          await foldBacklog(system);
        return [
          { name: `folded (${source})`, unit: 's', value: foldedMs / 1_000, target: 3 },
          shown('folds as the worker measures them', 's', foldSeconds),
          { name: 'longest delay of a node', unit: 'ms', value: loopDelayMs, target: 20 },
          shown('the same before', 'ms', loopDelayBeforeMs),
          shown('updates', '', updates),
          { name: 'bystanders: deliveries missing', unit: '', value: crowd.missing, target: 0 },
          shown('bystanders: p50 over all 20 s', 'ms', crowd.latencies.quantile(0.5)),
          shown('bystanders: p99 over all 20 s', 'ms', crowd.latencies.quantile(0.99)),
          ...generatorFigures(crowd.generator),
        ];
      }),
  },
  {
    id: 'P10',
    question:
      'One of two nodes is killed (SIGKILL) under 2,000 clients of 200 documents, 1,000 of them on it: when are all synced again on the other one, and how much is sent for that?',
    nonGoals:
      'Clients come back as stock ones do, each by its own clock (200 ms, 400 ms, ... 2.5 s after a loss), and are led to the other node at once, as by a proxy that knows. Right after the kill one edit is made in each document. What was acknowledged by the killed node is asked in the comparison of failures.',
    target: '5 s; differential syncs only (1 % of the document at most); no edit missing',
    run: (start) =>
      on(start, async (system) => {
        const result = await killNode(system, KILLED);
        const { allBackMs, returns, notBack, missing, receivedBytes, documentBytes, generator } = result;
        const away = returns.map(({ awayMs }) => awayMs).toSorted((a, b) => a - b);
        const largestShare = (Math.max(...receivedBytes) / documentBytes) * 100;
        return [
          { name: 'until all are synced again', unit: 's', value: allBackMs / 1_000, target: 5 },
          { name: 'not back within a minute', unit: '', value: notBack, target: 0 },
          { name: 'most that one received / document', unit: '%', value: largestShare, target: 1 },
          { name: 'edits made meanwhile that are missing', unit: '', value: missing, target: 0 },
          shown('away: p50', 's', (away[Math.floor(away.length / 2)] ?? Number.NaN) / 1_000),
          shown('received since the kill, mean', 'B', meanOf(receivedBytes)),
          shown('of it SyncStep2', 'B', meanOf(returns.map(({ answerBytes }) => answerBytes))),
          shown('document', 'KB', documentBytes / 1_000),
          shown('returns', '', returns.length),
          ...generatorFigures(generator),
        ];
      }),
  },
];
