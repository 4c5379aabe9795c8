/**
 * `npm test [-- vitest arguments]`: installs what it may, leaves out what cannot run and says so, runs the rest, and
 * ends with one plain line, `N passed, N failed`. The exit code is 0 only when every selected test ran and passed, and,
 * with `CI=true`, no suite was left out.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type CliOptions, createVitest, parseCLI, startVitest, type Vitest } from 'vitest/node';
import { ensureInstalled, installCommand } from './services/ensure-installed.ts';
import type { Part } from './services/programs.ts';
import { SUITES, type Suite } from './suites.ts';

type Count = { passed: number; failed: number };
type Wanted = { readonly suite: Suite; readonly files: number };
type LeftOut = Wanted & { readonly missing: readonly Part[] };

/** A message that shows two whole documents would push the other names off the screen. */
const FAILURE_CHARACTERS = 500;

// The tests start some two hundred servers: each finds here what another one compiled, which is half of its start.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'kryton-compile-cache');

const count: Count = { passed: 0, failed: 0 };
try {
  process.exitCode = (await runTests(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.error(error);
  count.failed += 1;
  process.exitCode = 1;
}
console.log(`${count.passed} passed, ${count.failed} failed`);

async function runTests(args: string[]): Promise<boolean> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const wanted = await findWanted(filter, options);
  const leftOut = await findLeftOut(wanted);
  const runnable = wanted.filter(({ suite }) => !leftOut.some((left) => left.suite === suite));
  if (runnable.length > 0) await runSuites(runnable, filter, options);
  report(leftOut);
  if (count.passed + count.failed === 0) console.error('No test ran.');
  return count.passed > 0 && count.failed === 0 && !(leftOut.length > 0 && process.env['CI'] === 'true');
}

/** The suites of which `filter` selects at least one file. */
async function findWanted(filter: string[], options: CliOptions): Promise<Wanted[]> {
  const vitest = await createVitest('test', { ...options, watch: false });
  try {
    const selected = await vitest.globTestSpecifications(filter);
    const filesOf = (suite: Suite) => selected.filter(({ project }) => project.name === suite.name).length;
    return SUITES.map((suite) => ({ suite, files: filesOf(suite) })).filter(({ files }) => files > 0);
  } finally {
    await vitest.close();
  }
}

async function findLeftOut(wanted: readonly Wanted[]): Promise<LeftOut[]> {
  const parts = new Set(wanted.flatMap(({ suite }) => suite.needs));
  const lacking = await ensureInstalled([...parts], (line) => console.log(line));
  return wanted
    .map((one) => ({ ...one, missing: one.suite.needs.filter((part) => lacking.includes(part)) }))
    .filter(({ missing }) => missing.length > 0);
}

async function runSuites(suites: readonly Wanted[], filter: string[], options: CliOptions): Promise<void> {
  const project = suites.map(({ suite }) => suite.name);
  const vitest = await startVitest('test', filter, { ...options, watch: false, project });
  addUp(vitest);
  await vitest.close();
}

/**
 * A test that did not pass has failed, skipped ones too: nothing here may be skipped. So has a file that did not load.
 * Each is named once more at the end, where whoever sees only the end of a log finds it.
 */
function addUp(vitest: Vitest): void {
  for (const module of vitest.state.getTestModules()) {
    const failedBefore = count.failed;
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result();
      if (state === 'passed') count.passed += 1;
      else fail(`${module.relativeModuleId} > ${test.fullName}`, errors?.[0]?.message ?? state);
    }
    if (!module.ok() && count.failed === failedBefore) {
      fail(module.relativeModuleId, module.errors()[0]?.message ?? 'did not load');
    }
  }
  for (const error of vitest.state.getUnhandledErrors()) fail('outside any test', inspect(error));
}

function fail(name: string, why: string): void {
  count.failed += 1;
  console.log(`FAILED ${name}: ${why.slice(0, FAILURE_CHARACTERS)}`);
}

function report(leftOut: readonly LeftOut[]): void {
  if (leftOut.length === 0) return;
  const rule = '!'.repeat(80);
  console.log(`\n${rule}\nLEFT OUT, because a part is missing:`);
  for (const { suite, files, missing } of leftOut) {
    console.log(`  ${suite.name} (${files} files *${suite.suffix}) needs ${missing.join(', ')}`);
  }
  const parts = [...new Set(leftOut.flatMap(({ missing }) => missing))];
  console.log(`To run them: ${installCommand(parts)}`);
  if (process.env['CI'] === 'true') console.log('CI=true: a suite that is left out fails the run.');
  console.log(`${rule}\n`);
}
