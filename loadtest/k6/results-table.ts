import type { LoadResult } from './load-result.ts';

type Figures = LoadResult['figures'];

const MIB = 1_048_576;
/** Of shorter runs memory says nothing: it is still filling. */
const LEAST_MINUTES = 10;

/** The kept runs as a page, in the order given. */
export function resultsTable(results: readonly LoadResult[]): string {
  return [
    '# Load tests with k6',
    '',
    'The latest kept run of each scenario, written by `npm run load`; the whole of each is in [k6](k6). Times in ms.',
    ...placesOf(results),
    '',
    '| scenario | sessions | verdict | held | synced p95 | deliveries | missing | same node p50 / p95 / p99 | across nodes p50 / p95 / p99 | back p95 / most | lag p99 | commit |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...results.map(rowOf),
    '',
    'held: sessions whose connection lasted from the first sync to the end; nobody is to be held where nodes are restarted or',
    'killed. missing: edits that did not arrive, or that the server does not have at the end. `presence`: moves of cursors',
    'instead of edits. back: from the end of a connection until its session is synced again. lag: of the generator itself.',
    ...remarksOn(results),
    ...memoryOf(results),
    '',
  ].join('\n');
}

/** Whether its memory is worth a plot. */
export function isLong({ memory }: LoadResult): boolean {
  return (memory[0]?.perMinuteBytes?.length ?? 0) > LEAST_MINUTES;
}

function placesOf(results: readonly LoadResult[]): string[] {
  const places = results.map(({ place: { node, redis, k6, cpu, cores, date } }) => {
    const machine = `${cpu}, ${cores} cores for k6 and all of the cluster`;
    return `${date}: Node ${node}, Redis ${redis}, ${k6.split(' (')[0]}, ${machine}.`;
  });
  return [...new Set(places)];
}

function rowOf(result: LoadResult): string {
  const { scenario, shape, figures, verdict, place } = result;
  const [latency, events] =
    shape.moveEveryMs === null ? ['delivery_latency', 'deliveries'] : ['presence_latency', 'presence'];
  const received = figures['deliveries_received']?.['count'] ?? 0;
  const moves = figures['presence_latency']?.['count'] ?? 0;
  const lost = figures['edits_lost']?.['count'] ?? 0;
  const missing = (figures[`${events}_missing`]?.['count'] ?? 0) + lost;
  return cells([
    `${scenario}, ${durationOf(shape.joinMs + shape.runMs)}`,
    String(shape.sessions),
    verdict === 'passed' ? verdict : `**${verdict}**`,
    heldIn(figures),
    ms(figures['time_to_sync']?.['p(95)']),
    whole(events === 'presence' ? moves : received),
    whole(missing),
    threeOf(figures[`${latency}{path:same}`]),
    threeOf(figures[`${latency}{path:across}`]),
    timesOf(figures['reconnect_time'], ['p(95)', 'max']),
    ms(figures['generator_lag']?.['p(99)']),
    place.commit,
  ]);
}

/** What kept a run from passing, and what was done to the cluster meanwhile. */
function remarksOn(results: readonly LoadResult[]): string[] {
  const lines = results.flatMap(({ scenario, reasons, slowFromSessions, disturbances }) => [
    ...reasons.map((reason) => `- ${scenario}: ${reason}.`),
    ...(slowFromSessions === undefined
      ? []
      : [
          `- ${scenario}: deliveries are slow (p95 above 100 ms) from ${slowFromSessions ?? 'no'} sessions on.`,
        ]),
    ...(disturbances.length === 0
      ? []
      : [`- ${scenario}: ${disturbances.map(({ atS, what }) => `${atS} s: ${what}`).join(', ')}.`]),
  ]);
  return lines.length === 0 ? [] : ['', ...lines];
}

function memoryOf(results: readonly LoadResult[]): string[] {
  return results
    .filter(isLong)
    .flatMap(({ scenario, memory }) => [
      '',
      `## Memory over ${scenario}`,
      '',
      `![memory of ${scenario}, minute by minute](k6/${scenario}-memory.svg)`,
      '',
      'MiB of resident memory. The slope is that of the straight line through everything after the first quarter; it is level',
      'where that line rises by less than two standard deviations of the distances from it.',
      '',
      '| | first minute | last minute | most | per hour | up and down by | |',
      '|---|---|---|---|---|---|---|',
      ...memory.map((course) =>
        cells([
          course.name,
          mib(course.perMinuteBytes[0] ?? course.firstBytes),
          mib(course.perMinuteBytes.at(-1) ?? course.lastBytes),
          mib(course.mostBytes),
          mib(course.growthBytesPerHour),
          mib(course.noiseBytes),
          course.isLevel ? 'level' : '**grows**',
        ]),
      ),
    ]);
}

function heldIn(figures: Figures): string {
  const { passes = 0, fails = 0 } = figures['sessions_held'] ?? {};
  return `${passes} of ${passes + fails}`;
}

function threeOf(times: Figures[string] | undefined): string {
  return timesOf(times, ['med', 'p(95)', 'p(99)']);
}

/** Nothing where nothing was measured. */
function timesOf(times: Figures[string] | undefined, names: readonly string[]): string {
  return times?.['count'] ? names.map((name) => ms(times[name])).join(' / ') : '';
}

function ms(value: number | undefined): string {
  if (value === undefined) return '';
  return value < 10 ? String(Math.round(value * 10) / 10) : whole(value);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function mib(bytes: number): string {
  return String(Math.round((bytes / MIB) * 10) / 10);
}

function durationOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  return seconds < 600 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}
