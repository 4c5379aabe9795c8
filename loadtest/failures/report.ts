import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Place, place } from '../bench/place.ts';
import type { FailingSystem } from './failing-system.ts';
import type { Failure } from './failures.ts';
import { convergenceInWords, type Summary } from './outcome.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

export type SystemFacts = Pick<FailingSystem, 'name' | 'acknowledgement' | 'configuration'>;

/** What one system did in one failure, its cases apart; null where it cannot have it. */
export type FailureResult = {
  readonly failure: string;
  readonly system: string;
  readonly cases: readonly Summary[] | null;
};

export type FailureReport = Place & {
  readonly rounds: number;
  readonly systems: readonly SystemFacts[];
  readonly failures: readonly Pick<Failure, 'id' | 'story'>[];
  readonly results: readonly FailureResult[];
};

export function reportOf(
  parts: Pick<FailureReport, 'rounds' | 'systems' | 'failures' | 'results'>,
): FailureReport {
  return { ...place(), ...parts };
}

/** One case in one line of the terminal. */
export function lineOf(system: string, failure: string, summary: Summary): string {
  const { what, typed, onClients, forNewcomer, afterRestart, notes } = summary;
  const kept = `on clients ${onClients ?? '-'}, for newcomers ${forNewcomer}, after a restart ${afterRestart}`;
  const converged = convergenceInWords(summary).replaceAll('**', '') || '-';
  const also = notes.length === 0 ? '' : `; ${notes.join('; ')}`;
  return `${failure.padEnd(20)} ${system.padEnd(11)} ${what}: typed ${typed}, acknowledged ${acknowledgedInWords(summary)}: ${kept}; converged ${converged}${also}`;
}

/** Writes `results/failures.json` and `results/failures.md`. */
export function keepReport(report: FailureReport): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}failures.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${RESULTS}failures.md`, markdownOf(report));
}

export function markdownOf(report: FailureReport): string {
  const { date, commit, node, redis, rounds, systems, failures } = report;
  return [
    '# What was acknowledged, and what survived',
    '',
    `By \`npm run compare:failures -- --keep\`, ${date}, commit ${commit}, Node ${node}, Redis ${redis}. Two nodes each, real processes, stock providers as clients; each failure ${rounds} times, the numbers are sums over them.`,
    '',
    'An edit is one token typed. **Acknowledged** is what the system itself told the author, see below. **On clients**, **newcomer** and **restart** count, of the acknowledged edits (where a system acknowledges nothing: of all that were typed), those that every client who stayed has, that somebody finds who opens the document then (on the node where least is found), and that somebody finds after everybody had left and all nodes were restarted with SIGTERM. Nobody edits after the failure, so what comes back comes by itself. What was typed and not acknowledged is promised by nobody.',
    '',
    '| system | counts as acknowledged | configuration |',
    '|---|---|---|',
    ...systems.map(
      ({ name, acknowledgement, configuration }) => `| ${name} | ${acknowledgement} | ${configuration} |`,
    ),
    '',
    ...failures.flatMap((failure) => section(failure, report)),
  ].join('\n');
}

function section({ id, story }: FailureReport['failures'][number], { results }: FailureReport): string[] {
  const rows = results.filter(({ failure }) => failure === id);
  return [
    `## ${id}`,
    '',
    story,
    '',
    '| system | | typed | acknowledged | on clients | newcomer | restart | all alike after | |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.flatMap(({ system, cases }) =>
      cases === null
        ? [`| ${system} | does not save outside of Redis | | | | | | | |`]
        : cases.map((summary) => row(system, summary)),
    ),
    '',
  ];
}

function acknowledgedInWords({ isTold, acknowledged }: Summary): string {
  return isTold ? String(acknowledged) : `none; ${acknowledged} delivered`;
}

function row(system: string, summary: Summary): string {
  const { what, typed, isTold, acknowledged, onClients, forNewcomer, afterRestart, notes } = summary;
  const expected = isTold ? acknowledged : typed;
  const kept = (count: number | null) =>
    count === null ? '' : count < expected ? `**${count}**` : String(count);
  const counts = [onClients, forNewcomer, afterRestart].map(kept).join(' | ');
  const converged = convergenceInWords(summary);
  return `| ${system} | ${what} | ${typed} | ${acknowledgedInWords(summary)} | ${counts} | ${converged} | ${notes.join('; ')} |`;
}
