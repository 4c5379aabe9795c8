import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { LAG_BOUND_MS } from '../generator-watch.ts';
import { place } from '../place.ts';
import type { WatchedLoops } from './loop-watch.ts';
import type { SignedIn } from './sign-in-crowd.ts';

export const QUESTION =
  'What do those who edit on a node, 40 people with 2 edits a second each, notice of 500 others who sign in there at once?';
export const NON_GOALS =
  'Not how quickly 500 people are in: a password costs what it costs. Not the cost of the TLS in front either.';

const RESULTS = fileURLToPath(new URL('../../results/sign-ins', import.meta.url));
/** The longest that the event loop may be delayed. */
const LOOP_BOUND_MS = 100;

export type Waits = {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

export type Spell = WatchedLoops & {
  readonly within: Waits;
  readonly across: Waits;
  readonly elsewhere: Waits;
  readonly generatorLagMs: number;
};

export type Storm = {
  readonly people: number;
  readonly quiet: Spell;
  readonly storm: Spell;
  readonly door: SignedIn;
  /** Edits that did not arrive. */
  readonly missing: number;
};

/** As Markdown, which is what the terminal shows too. */
export function tableOf({ people, quiet, storm, door, missing }: Storm): string {
  const loop = (name: string, of: 'node' | 'control', what: 'maxMs' | 'p99Ms' | 'maxWorkMs', bound = '') =>
    row(name, quiet[of][what], storm[of][what], bound);
  const waits = (name: string, of: 'within' | 'across' | 'elsewhere') => [
    row(`${name}, p50`, quiet[of].p50Ms, storm[of].p50Ms),
    row(`${name}, p99`, quiet[of].p99Ms, storm[of].p99Ms),
    row(`${name}, longest of ${quiet[of].samples}, ${storm[of].samples}`, quiet[of].maxMs, storm[of].maxMs),
  ];
  const verdict = storm.node.maxMs <= LOOP_BOUND_MS ? 'met' : '**not met**';
  const refused = door.refused.length === 0 ? 'nobody was refused' : `refused: ${door.refused.join(', ')}`;
  return [
    '| ms | quiet | storm | ratio | bound |',
    '|---|---|---|---|---|',
    loop("the node's event loop, longest delay", 'node', 'maxMs', `${LOOP_BOUND_MS}, ${verdict}`),
    loop('of it its own work, most CPU in one go', 'node', 'maxWorkMs'),
    loop("the node's event loop, p99 of a second", 'node', 'p99Ms'),
    loop('control on the same core, longest delay', 'control', 'maxMs'),
    loop('control on the same core, p99 of a second', 'control', 'p99Ms'),
    ...waits('an edit to the same node', 'within'),
    ...waits('an edit to or from the other node', 'across'),
    ...waits('an edit within the other node (control)', 'elsewhere'),
    row('generator lag p99 (validity)', quiet.generatorLagMs, storm.generatorLagMs, String(LAG_BOUND_MS)),
    '',
    `${door.signedIn} of ${people} are signed in, ${refused}; the median after ${seconds(door.medianMs)} s, the last after ${seconds(door.lastMs)} s. Edits missing: ${missing}.`,
    `The longest delay of the node's loop in each second of the storm: ${storm.node.eachSecondMs.map(short).join(', ')} ms.`,
  ].join('\n');
}

/** Writes the storm to `results/sign-ins.json` and `results/sign-ins.md`. */
export function keepStorm(storm: Storm): void {
  const where = place();
  const load = loadavg().map(short).join(', ');
  writeFileSync(
    `${RESULTS}.json`,
    `${JSON.stringify({ question: QUESTION, ...where, load, ...storm }, null, 2)}\n`,
  );
  const page = `# Sign-ins at once

${QUESTION}

${NON_GOALS}

${where.date}, ${where.commit}; Node ${where.node}, Redis ${where.redis}, ${where.cpu}, ${where.cores} cores (load ${load}): the node on one,
everything else on the other. The control is a process on the node's core that does nothing but look how late its own
event loop runs. Delays are times between two ticks of
5 ms; its own work is the CPU of the loop's thread in such a time, which other processes of the machine do not change.

    npm run bench:sign-ins -- --keep

${tableOf(storm)}
`;
  writeFileSync(`${RESULTS}.md`, page);
}

function row(name: string, quiet: number, storm: number, bound = ''): string {
  return `| ${name} | ${short(quiet)} | ${short(storm)} | ${short(storm / quiet)} | ${bound} |`;
}

/** Three digits that count. */
function short(value: number): number {
  return Number(value.toPrecision(3));
}

function seconds(ms: number): number {
  return short(ms / 1_000);
}
