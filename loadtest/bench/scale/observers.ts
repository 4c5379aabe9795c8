import { crowd } from '../crowd.ts';
import { deliveryFigures } from '../crowd-scenarios.ts';
import { cpuFigures, shown } from '../scenario.ts';
import { observed } from './observed-system.ts';
import { on, type ScaleScenario, sized } from './scale-scenario.ts';

const OBSERVERS = 1_500;
const WRITERS = 10;
const EDITS_PER_S = 2;
/** The p99 that y-hub 0.7 publishes for this crowd, on a faster machine. */
const PUBLISHED_P99_MS = 44;

/** `observers-1500`: an audience that looks at what a few write. */
export const observers: ScaleScenario = (options) => {
  const watching = sized(OBSERVERS, options);
  return {
    id: 'observers-1500',
    question: `What does it cost when ${watching} people look at a document that ${WRITERS} others write, ${EDITS_PER_S} edits a second each?`,
    nonGoals:
      'Two nodes, half of the people on each. The observers come by a link that lets them look and not write; they show no cursors. One edit seldom meets another, so that nearly each is a write to every socket: a delivery costs more than with 200 editors (P1).',
    target: `nothing missing; y-hub publishes a p99 of ${PUBLISHED_P99_MS} ms`,
    run: (start) =>
      on(start, {}, async (system) => {
        const result = await crowd(observed(system, WRITERS), {
          documents: 1,
          clients: WRITERS + watching,
          actors: WRITERS,
          does: ['edit'],
          actionsPerS: EDITS_PER_S,
        });
        return [
          ...cpuFigures(result.cpu, 'delivered edit', result.delivered, { target: null }),
          shown('edits in one write to a socket', '', result.delivered / result.frames),
          ...deliveryFigures(result, { p99: PUBLISHED_P99_MS }),
        ];
      }),
  };
};
