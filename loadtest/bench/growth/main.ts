/**
 * `npm run bench:growth [-- nodes-apart documents …] [--seconds N] [--keep]`: what an edit costs while nodes, documents
 * or editors grow. `--keep` writes to loadtest/results and is for all curves together.
 */
import { parseArgs } from 'node:util';
import { GENERATOR_CORE, pin, unpinnable } from '../cores.ts';
import { beTheOnlyBench } from '../only-bench.ts';
import { place } from '../place.ts';
import { short } from '../report.ts';
import { startKryton } from '../systems/kryton.ts';
import { CURVES, type Curve } from './curves.ts';
import { keepGrowth, type MeasuredCurve, perEditUs } from './growth-report.ts';
import { measureLoad, type Span } from './measured-load.ts';

/** Long enough that documents which began together are folded at different moments. */
const WARM_UP_MS = 10_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '8' },
      keep: { type: 'boolean', default: false },
    },
  });
  const measuredS = Number(values.seconds);
  if (!(measuredS > 0)) throw new Error(`--seconds "${values.seconds}" is not a number above 0`);
  if (values.keep && positionals.length > 0) throw new Error('--keep is for all curves together');
  const span = { warmUpMs: WARM_UP_MS, measureMs: measuredS * 1_000 };
  const chosen = choose(positionals);
  await beTheOnlyBench();
  pin(GENERATOR_CORE, [process.pid]);
  const warning = unpinnable();
  if (warning) console.log(`The figures cannot be compared with others: ${warning}.`);
  const curves: MeasuredCurve[] = [];
  for (const curve of chosen) curves.push(await measureCurve(curve, span));
  if (values.keep) keepGrowth({ ...place(), measuredS, curves });
}

function choose(ids: readonly string[]): readonly Curve[] {
  const known = CURVES.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown) throw new Error(`there is no curve "${unknown}": ${known.join(', ')}`);
  return CURVES.filter(({ id }) => ids.length === 0 || ids.includes(id));
}

async function measureCurve(curve: Curve, span: Span): Promise<MeasuredCurve> {
  console.log(`\n${curve.title}`);
  const points: MeasuredCurve['points'][number][] = [];
  for (const { x, load } of curve.points) {
    const measured = await measureLoad(startKryton, load, span);
    const [total, ...parts] = [['node', 'worker', 'redis'], ['node'], ['worker'], ['redis']].map((roles) =>
      short(perEditUs(measured, roles)),
    );
    const [nodeUs, workerUs, redisUs] = parts;
    console.log(
      `    ${String(x).padStart(5)} ${curve.x}: ${total} us per edit (nodes ${nodeUs}, worker ${workerUs}, Redis ${redisUs}), p99 ${short(measured.p99Ms)} ms, generator lag ${short(measured.generatorLagMs)} ms`,
    );
    points.push({ x, measured });
  }
  const { id, title, x, why } = curve;
  return { id, title, x, why, points };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
