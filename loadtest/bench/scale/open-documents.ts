import { crowd } from '../crowd.ts';
import { deliveryFigures } from '../crowd-scenarios.ts';
import { settledKb } from '../memory.ts';
import { openConnections } from '../opening.ts';
import { cpuFigures, shown } from '../scenario.ts';
import { nodesOf } from '../system.ts';
import { residentKb } from '../usage.ts';
import { on, type ScaleScenario, sized } from './scale-scenario.ts';

const DOCUMENTS = 5_000;
/** One core bears this much with everything on it: nodes, worker and Redis. */
const SECONDS_PER_EDIT = 60;
const WARM_UP_MS = 15_000;
const MEASURE_MS = 30_000;

/** `documents-5000`: many documents, each with somebody who writes a little. */
export const openDocuments: ScaleScenario = (options) => {
  const documents = sized(DOCUMENTS, options);
  return {
    id: 'documents-5000',
    question: `What do ${documents} open documents cost, each with one editor who makes an edit every ${SECONDS_PER_EDIT} s?`,
    nonGoals:
      'Two nodes. Documents that begin empty. Each edit comes after the fold of the one before, so that every edit costs a fold: the worst case of editing alone.',
    target: 'nothing missing',
    run: (start) =>
      on(start, {}, async (system) => {
        const first = await openConnections(system, { connections: 4, documents: 2 });
        const beforeKb = await settledKb(system);
        let openKb = Number.NaN;
        const result = await crowd(system, {
          documents,
          clients: 1,
          actors: 1,
          does: ['edit'],
          actionsPerS: 1 / SECONDS_PER_EDIT,
          warmUpMs: WARM_UP_MS,
          measureMs: MEASURE_MS,
          onGathered: async () => {
            openKb = await settledKb(system);
          },
        });
        const editedKb = residentKb(nodesOf(system));
        for (const client of first.clients) client.close();
        return [
          shown('RSS per open document with its editor', 'KB', (openKb - beforeKb) / documents),
          shown('RSS per document after its edits', 'KB', (editedKb - beforeKb) / documents),
          shown('edits a second', '', (result.sent * 1_000) / MEASURE_MS),
          ...cpuFigures(result.cpu, 'edit', result.sent, { target: null }),
          shown('CPU', '% of a core', (result.cpu.countedMs * 100) / MEASURE_MS),
          shown('receipts still under way', '', result.sent - result.delivered),
          ...deliveryFigures(result),
        ];
      }),
  };
};
