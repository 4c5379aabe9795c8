import { type CrowdOptions, type CrowdResult, crowd } from './crowd.ts';
import {
  cpuFigures,
  type Figure,
  generatorFigures,
  none,
  type Scenario,
  type Share,
  shareOf,
  shown,
} from './scenario.ts';
import type { StartSystem } from './system.ts';
import { HOCUSPOCUS, SHARE } from './targets.ts';

async function measured(start: StartSystem, options: CrowdOptions): Promise<CrowdResult> {
  const system = await start();
  try {
    return await crowd(system, options);
  } finally {
    await system.stop();
  }
}

/** Completeness, and latency from send to receipt, each delivery of the measured time counted. */
export function deliveryFigures(
  result: CrowdResult,
  bounds: { readonly p50?: Share; readonly p95?: number; readonly p99?: number } = {},
): Figure[] {
  const { latencies } = result;
  return [
    none('deliveries missing', result.missing),
    ...(result.diverged === null ? [] : [none('documents not whole for a newcomer', result.diverged)]),
    none('connections lost', result.lost),
    { ...shown('p50', 'ms', latencies.quantile(0.5)), ...(bounds.p50 ? { share: bounds.p50 } : {}) },
    { name: 'p95', unit: 'ms', value: latencies.quantile(0.95), target: bounds.p95 ?? null },
    { name: 'p99', unit: 'ms', value: latencies.quantile(0.99), target: bounds.p99 ?? null },
    ...generatorFigures(result.generator),
  ];
}

/** P1, P2, P5 and P5b: people who are there and act at a steady rate. */
export const CROWD_SCENARIOS: readonly Scenario[] = [
  {
    id: 'P1',
    question:
      'What does one delivered edit cost in a document with 200 editors on two nodes, each typing 2 characters a second?',
    nonGoals:
      'Not the highest rate a node can take. Cursors do not move (P5b). The echo to the sender is a delivery.',
    target: '0.25 x Hocuspocus; nothing missing; p99 60 ms',
    async run(start, span) {
      const options: CrowdOptions = {
        documents: 1,
        clients: 200,
        actors: 200,
        does: ['edit'],
        actionsPerS: 2,
        ...span,
      };
      const result = await measured(start, options);
      const target = shareOf(SHARE.hot, HOCUSPOCUS.hotUsPerDelivery);
      return [
        ...cpuFigures(result.cpu, 'delivered edit', result.delivered, target),
        ...deliveryFigures(result, { p99: 60 }),
      ];
    },
  },
  {
    id: 'P2',
    question: 'What does one edit cost in 100 documents with 6 clients each, 3 of them typing 2/s?',
    nonGoals: 'Nothing about large documents or fan-out.',
    target: '0.6 x Hocuspocus; p50 1.5 x the relay',
    async run(start, span) {
      const options: CrowdOptions = {
        documents: 100,
        clients: 6,
        actors: 3,
        does: ['edit'],
        actionsPerS: 2,
        ...span,
      };
      const result = await measured(start, options);
      const target = shareOf(SHARE.small, HOCUSPOCUS.smallUsPerEdit);
      return [
        ...cpuFigures(result.cpu, 'edit', result.sent, target),
        ...deliveryFigures(result, { p50: { of: 'relay', most: SHARE.smallP50OfRelay } }),
      ];
    },
  },
  {
    id: 'P5',
    question: 'What does one move cost when 500 people in one document each move once a second?',
    nonGoals: 'The clients do not send back what they hear of others, as stock clients do.',
    target: '0.25 x Hocuspocus; the last state of each seen by all; p95 120 ms',
    async run(start, span) {
      const options: CrowdOptions = {
        documents: 1,
        clients: 500,
        actors: 500,
        does: ['move'],
        actionsPerS: 1,
        ...span,
      };
      const result = await measured(start, options);
      const target = shareOf(SHARE.presence, HOCUSPOCUS.presenceUsPerMove);
      return [
        ...cpuFigures(result.cpu, 'move', result.sent, target),
        ...deliveryFigures(result, { p95: 120 }),
      ];
    },
  },
  {
    id: 'P5b',
    question:
      'The same 500 people in a live meeting, half of what they do edits and half moves: what does it cost?',
    nonGoals: 'As P5.',
    target: '0.3 x Hocuspocus; nothing missing; p99 120 ms',
    async run(start, span) {
      const options: CrowdOptions = {
        documents: 1,
        clients: 500,
        actors: 500,
        does: ['edit', 'move'],
        actionsPerS: 1,
        ...span,
      };
      const result = await measured(start, options);
      const target = shareOf(SHARE.meeting, HOCUSPOCUS.meetingUsPerAction);
      return [
        ...cpuFigures(result.cpu, 'action', result.sent, target),
        ...deliveryFigures(result, { p99: 120 }),
      ];
    },
  },
];
