import { coldOpen } from './cold-open.ts';
import { joinStorm, type StormResult } from './join-storm.ts';
import { type OpeningResult, openAndRest, openConnections } from './opening.ts';
import { enterLargeDocument } from './present.ts';
import { cpuFigures, type Figure, generatorFigures, type Scenario, shareOf, shown } from './scenario.ts';
import { largeDocument } from './seed.ts';
import type { StartSystem, SystemUnderTest } from './system.ts';
import { HOCUSPOCUS, SHARE } from './targets.ts';

const MANY = { connections: 2_000, documents: 1_000 };
const STORM = { joiners: 50, bytes: 5_000_000 };
const COLD_OPENS = 20;

async function on<Result>(
  start: StartSystem,
  work: (system: SystemUnderTest) => Promise<Result>,
): Promise<Result> {
  const system = await start();
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

/** P3, P4, P6 and P7: people who arrive. */
export const JOIN_SCENARIOS: readonly Scenario[] = [
  {
    id: 'P3',
    question: 'How long does it take, and what does it cost, to open 2,000 connections on 1,000 documents?',
    nonGoals:
      'The documents are new and empty; joining a large one is P6. 200 handshakes are under way at a time, first all to one node and then those of the same documents to the other. For Kryton each has a session of its own, read from Redis, and a grant.',
    target: '0.15 x Hocuspocus in time, 0.6 x in CPU',
    run: (start) =>
      on(start, async (system) => {
        const opened = await openConnections(system, MANY);
        for (const client of opened.clients) client.close();
        return openingFigures(opened);
      }),
  },
  {
    id: 'P4',
    question: 'How much memory does each of those connections hold when nothing happens?',
    nonGoals:
      'Without presence. Resident memory of both nodes, two looks 3 s apart within 0.5 % before and after; no forced collection.',
    target: '0.6 x Hocuspocus',
    run: (start) =>
      on(start, async (system) => {
        const rested = await openAndRest(system, MANY);
        for (const client of rested.clients) client.close();
        return idleFigures(rested);
      }),
  },
  {
    id: 'P6',
    question: 'What does a join cost when 50 people open a document of 5 MB in the same moment?',
    nonGoals:
      'Nobody writes meanwhile, and the generator does not apply the document. First somebody is in it on each node; where there is a storage, it has been written there by then. Then, only with a storage, nobody is, on nodes that have just started.',
    target: '0.2 x Hocuspocus each',
    run: (start) =>
      on(start, async (system) => {
        const { docId, present } = await enterLargeDocument(system, largeDocument(STORM.bytes));
        const open = await joinStorm(system, docId, STORM);
        for (const client of present) client.close();
        if (system.holds !== 'storage') return stormFigures('open', open);
        await system.restartNodes();
        const fresh = await joinStorm(system, docId, STORM);
        return [...stormFigures('open', open), ...stormFigures('fresh nodes', fresh)];
      }),
  },
  {
    id: 'P7',
    question: 'How long does it take to open a document with 260,000 keystrokes of history after a restart?',
    nonGoals: 'The history is folded; folding a backlog is P9. The handshake is part of it.',
    target: '30 ms',
    run: (start) =>
      on(start, async (system) => {
        const { p50Ms, slowestMs, answerBytes, source } = await coldOpen(system, COLD_OPENS);
        return [
          { name: `p50 (${source})`, unit: 'ms', value: p50Ms, target: 30 },
          shown(`slowest of ${COLD_OPENS}`, 'ms', slowestMs),
          shown('answer', 'KB', answerBytes / 1_000),
        ];
      }),
  },
];

/** P3 and P4 in one run, for a comparison: the same connections are opened and then left alone. */
export async function openingAndIdle(start: StartSystem): Promise<{ P3: Figure[]; P4: Figure[] }> {
  return on(start, async (system) => {
    const rested = await openAndRest(system, MANY);
    for (const client of rested.clients) client.close();
    return { P3: openingFigures(rested), P4: idleFigures(rested) };
  });
}

function openingFigures({ wallMs, cpu, latencies, generator }: OpeningResult): Figure[] {
  const wall = shareOf(SHARE.openingWall, HOCUSPOCUS.openingWallS);
  return [
    { name: 'wall', unit: 's', value: wallMs / 1_000, ...wall },
    ...cpuFigures(cpu, 'connection', MANY.connections, shareOf(SHARE.openingCpu, HOCUSPOCUS.openingUs)),
    shown('until SyncStep2: p50', 'ms', latencies.quantile(0.5)),
    shown('until SyncStep2: p99', 'ms', latencies.quantile(0.99)),
    ...generatorFigures(generator),
  ];
}

function idleFigures({ idleKb }: { readonly idleKb: number }): Figure[] {
  return [
    { name: 'RSS per connection', unit: 'KB', value: idleKb, ...shareOf(SHARE.idle, HOCUSPOCUS.idleKb) },
  ];
}

function stormFigures(when: string, storm: StormResult): Figure[] {
  const { join } = HOCUSPOCUS;
  return [
    {
      name: `${when}: CPU per join`,
      unit: 'ms',
      value: storm.cpu.countedMs / STORM.joiners,
      ...shareOf(SHARE.join, join.cpuMs),
    },
    { name: `${when}: p99`, unit: 'ms', value: storm.slowestMs, ...shareOf(SHARE.join, join.slowestMs) },
    shown(`${when}: p50`, 'ms', storm.p50Ms),
    {
      name: `${when}: RSS growth at its peak`,
      unit: 'MB',
      value: storm.growthMb,
      ...shareOf(SHARE.join, join.growthMb),
    },
    ...databaseFigures(when, storm),
    shown(`${when}: generator busy`, '%', storm.generator.busy * 100),
  ];
}

function databaseFigures(when: string, { cpu }: StormResult): Figure[] {
  const ms = cpu.byRole.get('database');
  return ms === undefined ? [] : [shown(`${when}: database`, 'ms', ms)];
}
