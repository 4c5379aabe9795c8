/**
 * `npm run load -- <scenario> [--url wss://… --token …] [--sessions N] [--duration 5m] [--nodes 3] [--prometheus URL]`:
 * one scenario of k6 against a cluster, one of this machine's own unless told. Ends with 0 when every level held, 1 when
 * one did not, 2 when the generator was too late itself for its times to count. With `--bundle <directory>` nothing is
 * run, and what k6 needs is written there instead: for the k6 operator, see k8s/README.md.
 */
import { parseArgs } from 'node:util';
import { writeClusterBundle } from './bundle.ts';
import { DISTURBANCES } from './disturbances.ts';
import { foreignTarget } from './foreign-target.ts';
import { keepResult, reportFileOf } from './keep-results.ts';
import { type Shape, vusOf } from './load-plan.ts';
import type { LoadResult, Verdict } from './load-result.ts';
import { type LocalTarget, startLocalTarget } from './local-target.ts';
import { isLong } from './results-table.ts';
import { requireK6 } from './run-k6.ts';
import { planOf, runLoad } from './run-load.ts';
import { SCENARIOS, type ScenarioName, scenarioNamed } from './scenarios.ts';
import { sized } from './sized.ts';
import type { Target } from './target.ts';

const EXIT_CODES: Readonly<Record<Verdict, number>> = { passed: 0, failed: 1, invalid: 2 };

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      sessions: { type: 'string' },
      duration: { type: 'string' },
      nodes: { type: 'string', default: '3' },
      prometheus: { type: 'string' },
      bundle: { type: 'string' },
    },
  });
  const scenario = scenarioNamed(positionals[0] ?? '');
  const { url, token = process.env['KRYTON_TOKEN'] } = values;
  const shape: Shape = sized(SCENARIOS[scenario], values);
  if (values.bundle !== undefined)
    return await bundleFor(scenario, shape, values.bundle, elsewhere(url, token));
  console.log(requireK6().version);
  if (url !== undefined && DISTURBANCES[scenario]) {
    console.log(`Nothing is disturbed at ${url}: do that yourself while the sessions are there.`);
  }
  console.log(`${scenario}  ${shape.question}`);
  if (url !== undefined) {
    return await run(scenario, shape, { target: elsewhere(url, token), local: null }, values.prometheus);
  }
  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 1)
    throw new Error(`--nodes "${values.nodes}" is no whole number above 0`);
  console.log(`starting ${nodes} nodes behind nginx, a worker, Redis and PostgreSQL on this machine`);
  const local = await startLocalTarget({ nodes, hasSentinel: scenario === 'redis-failover' });
  try {
    return await run(scenario, shape, { target: local, local }, values.prometheus);
  } finally {
    await local.stop();
  }
}

function elsewhere(url: string | undefined, token: string | undefined): Target {
  if (url === undefined) throw new Error('--bundle needs --url: the cluster that the pods will load');
  if (token) return foreignTarget(url, token);
  throw new Error('--url needs --token, or KRYTON_TOKEN: an agent token with the scopes write and mint');
}

async function bundleFor(scenario: ScenarioName, shape: Shape, dir: string, target: Target): Promise<number> {
  const seeds = await target.sessions(shape.sessions, shape.roomSize, 0);
  const plan = planOf({ scenario, shape, url: target.url, hasSignIns: false });
  await writeClusterBundle(dir, { plan, seeds });
  console.log(`${scenario}: ${seeds.length} sessions in ${vusOf(shape)} virtual users of k6, in ${dir}`);
  return 0;
}

async function run(
  scenario: ScenarioName,
  shape: Shape,
  where: { readonly target: Target; readonly local: LocalTarget | null },
  prometheusUrl = '',
): Promise<number> {
  // So that Ctrl-C, which k6 hears too, ends k6 first, and then what was started here.
  process.once('SIGINT', () => {});
  const result = await runLoad({
    scenario,
    shape,
    ...where,
    reportFile: reportFileOf(scenario),
    prometheusUrl: prometheusUrl === '' ? null : prometheusUrl,
    isVisible: true,
    say: (line) => console.log(line),
  });
  keepResult(result);
  print(result);
  return EXIT_CODES[result.verdict];
}

function print(result: LoadResult): void {
  const { verdict, reasons, levels, figures, scenario, memory, slowFromSessions } = result;
  console.log();
  for (const [metric, values] of Object.entries(figures)) {
    const shown = Object.entries(values).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`);
    console.log(`  ${metric.padEnd(34)} ${shown.join('  ')}`);
  }
  const mib = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
  for (const { name, firstBytes, lastBytes, growthBytesPerHour, noiseBytes, isLevel } of memory) {
    const course = `${mib(growthBytesPerHour)} per hour, up and down by ${mib(noiseBytes)}`;
    const verdictOnIt = isLevel ? ': level' : ': GROWS';
    console.log(
      `  memory of ${name.padEnd(24)} ${mib(firstBytes)} to ${mib(lastBytes)}${isLong(result) ? `, ${course}${verdictOnIt}` : ''}`,
    );
  }
  console.log();
  for (const { metric, condition, holds } of levels)
    console.log(`  ${holds ? 'holds ' : 'BROKEN'} ${metric} ${condition}`);
  if (slowFromSessions !== undefined)
    console.log(`\n  slow from ${slowFromSessions ?? 'no number of'} sessions on`);
  console.log(`\n${scenario}: ${verdict.toUpperCase()}`);
  for (const reason of reasons) console.log(`  ${reason}`);
  console.log(`  loadtest/results/k6/${scenario}.json and .html; all runs: loadtest/results/k6.md`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
