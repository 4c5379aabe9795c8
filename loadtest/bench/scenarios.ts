import { randomUUID } from 'node:crypto';
import { type CrowdOptions, type CrowdResult, crowd } from './crowd.ts';
import { coldOpen, joinStorm, openConnections } from './joins.ts';
import type { SystemUnderTest } from './system.ts';

/** One figure of a scenario. `target` is the bound of the published targets; null where it is only shown. */
export type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly target: number | null;
};

export type Scenario = {
  readonly id: string;
  readonly question: string;
  /** What the figure does not say. */
  readonly nonGoals: string;
  run(system: SystemUnderTest): Promise<Figure[]>;
};

/**
 * Targets in absolute figures follow from those measured for Hocuspocus 4.7 (2026-11-23, Node 24.21, Redis 7.0.15, the
 * same kind of machine). What counts in the end is the ratio within one run, which the comparison will measure.
 */
const HOCUSPOCUS = {
  p1: 9.2,
  p2: 667,
  p3Wall: 17.4,
  p3Cpu: 1_020,
  p4: 62,
  p5: 1_935,
  p5b: 1_943,
  p6: [31, 1_614, 345],
} as const;

const EDITS_PER_S = 2;

/** A crowd, with the share of each server printed below the question. */
async function crowded(system: SystemUnderTest, options: CrowdOptions): Promise<CrowdResult> {
  const result = await crowd(system, options);
  console.log(`    CPU in 15 s: ${result.shares.join(', ')}`);
  return result;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'P1',
    question:
      'What does one delivered edit cost in a document with 200 editors on two nodes, 2 edits/s each?',
    nonGoals: 'Not the highest rate a node can take, and no storage cost (PostgreSQL is not counted).',
    run: async (system) => {
      const result = await crowded(system, {
        documents: [randomUUID()],
        clients: 200,
        editors: 200,
        perS: EDITS_PER_S,
        moves: 0,
      });
      return [
        {
          name: 'CPU per delivered edit',
          unit: 'us',
          value: result.cpuUs / result.delivered,
          target: 0.25 * HOCUSPOCUS.p1,
        },
        { name: 'missing', unit: '', value: result.missing, target: 0 },
        { name: 'p50', unit: 'ms', value: result.p50, target: null },
        { name: 'p99', unit: 'ms', value: result.p99, target: 60 },
        { name: 'generator lag p99', unit: 'ms', value: result.lagMs, target: null },
      ];
    },
  },
  {
    id: 'P2',
    question: 'What does one edit cost in 100 documents with 6 clients each, 3 of them editing 2/s?',
    nonGoals: 'Nothing about large documents or fan-out.',
    run: async (system) => {
      const documents = Array.from({ length: 100 }, () => randomUUID());
      const result = await crowded(system, {
        documents,
        clients: 6,
        editors: 3,
        perS: EDITS_PER_S,
        moves: 0,
      });
      return [
        { name: 'CPU per edit', unit: 'us', value: result.cpuUs / result.sent, target: 0.6 * HOCUSPOCUS.p2 },
        { name: 'missing', unit: '', value: result.missing, target: 0 },
        { name: 'p50', unit: 'ms', value: result.p50, target: null },
        { name: 'p99', unit: 'ms', value: result.p99, target: null },
        { name: 'generator lag p99', unit: 'ms', value: result.lagMs, target: null },
      ];
    },
  },
  {
    id: 'P3',
    question: 'How long does it take, and what does it cost, to open 2,000 connections on 1,000 documents?',
    nonGoals: 'Documents are empty; joining large ones is P6.',
    run: async (system) => {
      const { wallS, cpuUs, rssKb, close } = await openConnections(system, {
        connections: 2_000,
        documents: 1_000,
      });
      close();
      return [
        { name: 'wall', unit: 's', value: wallS, target: 0.15 * HOCUSPOCUS.p3Wall },
        { name: 'CPU per connection', unit: 'us', value: cpuUs, target: 0.6 * HOCUSPOCUS.p3Cpu },
        { name: 'P4 RSS per connection, idle', unit: 'KB', value: rssKb, target: 0.6 * HOCUSPOCUS.p4 },
      ];
    },
  },
  {
    id: 'P5',
    question: 'What does one move cost when 500 people in one document move once a second?',
    nonGoals: 'The clients do not send back what they hear, as stock clients do.',
    run: async (system) => {
      const result = await crowded(system, {
        documents: [randomUUID()],
        clients: 500,
        editors: 500,
        perS: 1,
        moves: 1,
      });
      return [
        { name: 'CPU per move', unit: 'us', value: result.cpuUs / result.sent, target: 0.25 * HOCUSPOCUS.p5 },
        { name: 'last states missing', unit: '', value: result.missing, target: 0 },
        { name: 'p95', unit: 'ms', value: result.p95, target: 120 },
        { name: 'generator lag p99', unit: 'ms', value: result.lagMs, target: null },
      ];
    },
  },
  {
    id: 'P5b',
    question: 'The same meeting, half of the actions edits and half moves: what does one action cost?',
    nonGoals: 'As P5.',
    run: async (system) => {
      const result = await crowded(system, {
        documents: [randomUUID()],
        clients: 500,
        editors: 500,
        perS: 1,
        moves: 0.5,
      });
      return [
        {
          name: 'CPU per action',
          unit: 'us',
          value: result.cpuUs / result.sent,
          target: 0.3 * HOCUSPOCUS.p5b,
        },
        { name: 'missing', unit: '', value: result.missing, target: 0 },
        { name: 'p99', unit: 'ms', value: result.p99, target: 120 },
        { name: 'generator lag p99', unit: 'ms', value: result.lagMs, target: null },
      ];
    },
  },
  {
    id: 'P6',
    question: 'What does a join cost when 50 join a document of 5 MB at once?',
    nonGoals: 'The generator does not apply the document.',
    run: async (system) => {
      const { cpuMs, p99, growthMb } = await joinStorm(system, { joiners: 50, bytes: 5_000_000 });
      const [cpu, latency, growth] = HOCUSPOCUS.p6;
      return [
        { name: 'CPU per join', unit: 'ms', value: cpuMs, target: 0.2 * cpu },
        { name: 'p99', unit: 'ms', value: p99, target: 0.2 * latency },
        { name: 'RSS growth (peak)', unit: 'MB', value: growthMb, target: 0.2 * growth },
      ];
    },
  },
  {
    id: 'P7',
    question:
      'How long does it take to open a document with a history of 260,000 keystrokes after a restart?',
    nonGoals: 'The history is folded before; folding a backlog is P9.',
    run: async (system) => {
      const { p50, source, bytes } = await coldOpen(system, { opens: 20 });
      return [
        { name: `p50 (${source})`, unit: 'ms', value: p50, target: 30 },
        { name: 'answer', unit: 'KB', value: bytes / 1_000, target: null },
      ];
    },
  },
];
