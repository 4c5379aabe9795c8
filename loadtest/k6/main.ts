/**
 * `npm run load -- <scenario> [--url wss://… --token …] [--sessions N] [--duration 5m] [--nodes 3] [--prometheus URL]`:
 * one scenario of k6 against a cluster, one of this machine's own unless told. Ends with 0 when every level held, 1 when
 * one did not, 2 when the generator was too late itself for its times to count.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DISTURBANCES } from './disturbances.ts';
import { foreignTarget } from './foreign-target.ts';
import type { Shape } from './load-plan.ts';
import type { LoadResult, Verdict } from './load-result.ts';
import { type LocalTarget, startLocalTarget } from './local-target.ts';
import { requireK6 } from './run-k6.ts';
import { runLoad } from './run-load.ts';
import { SCENARIOS, type ScenarioName, scenarioNamed } from './scenarios.ts';
import { sized } from './sized.ts';

const RESULTS = fileURLToPath(new URL('../results/k6/', import.meta.url));
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
    },
  });
  const scenario = scenarioNamed(positionals[0] ?? '');
  const { url, token = process.env['KRYTON_TOKEN'] } = values;
  const shape: Shape = sized(SCENARIOS[scenario], values);
  console.log(requireK6().version);
  if (url !== undefined && DISTURBANCES[scenario]) {
    console.log(`Nothing is disturbed at ${url}: do that yourself while the sessions are there.`);
  }
  console.log(`${scenario}  ${shape.question}`);
  if (url !== undefined) {
    if (!token)
      throw new Error('--url needs --token, or KRYTON_TOKEN: an agent token with the scopes write and mint');
    return await run(scenario, shape, { target: foreignTarget(url, token), local: null }, values.prometheus);
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

async function run(
  scenario: ScenarioName,
  shape: Shape,
  where: { readonly target: Parameters<typeof runLoad>[0]['target']; readonly local: LocalTarget | null },
  prometheusUrl = '',
): Promise<number> {
  mkdirSync(RESULTS, { recursive: true });
  // So that Ctrl-C, which k6 hears too, ends k6 first, and then what was started here.
  process.once('SIGINT', () => {});
  const result = await runLoad({
    scenario,
    shape,
    ...where,
    reportFile: `${RESULTS}${scenario}.html`,
    prometheusUrl: prometheusUrl === '' ? null : prometheusUrl,
    isVisible: true,
    say: (line) => console.log(line),
  });
  writeFileSync(`${RESULTS}${scenario}.json`, `${JSON.stringify(result, null, 2)}\n`);
  print(result);
  return EXIT_CODES[result.verdict];
}

function print({ verdict, reasons, levels, figures, scenario, memory, slowFromSessions }: LoadResult): void {
  console.log();
  for (const [metric, values] of Object.entries(figures)) {
    const shown = Object.entries(values).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`);
    console.log(`  ${metric.padEnd(34)} ${shown.join('  ')}`);
  }
  const mib = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
  for (const { name, firstBytes, lastBytes, growthBytesPerHour, noiseBytes, isLevel } of memory) {
    const course = `${mib(growthBytesPerHour)} per hour, up and down by ${mib(noiseBytes)}`;
    console.log(
      `  memory of ${name.padEnd(24)} ${mib(firstBytes)} to ${mib(lastBytes)}, ${course}: ${isLevel ? 'level' : 'GROWS'}`,
    );
  }
  console.log();
  for (const { metric, condition, holds } of levels)
    console.log(`  ${holds ? 'holds ' : 'BROKEN'} ${metric} ${condition}`);
  if (slowFromSessions !== undefined)
    console.log(`\n  slow from ${slowFromSessions ?? 'no number of'} sessions on`);
  console.log(`\n${scenario}: ${verdict.toUpperCase()}`);
  for (const reason of reasons) console.log(`  ${reason}`);
  console.log(`  loadtest/results/k6/${scenario}.json and .html`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
