import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { K6Program } from '@kryton/engine/testing/services/k6-program.ts';
import { build } from 'esbuild';
import type { LoadPlan, PlanFile, SessionSeed } from './load-plan.ts';

const ENTRY = fileURLToPath(new URL('./script/main.ts', import.meta.url));
/** What a ConfigMap and a Secret may hold. */
const MOST_BYTES = 1_048_576;

/** One run as files: a script, what it does, and the sessions with their credentials. */
export type Bundle = {
  readonly plan: LoadPlan;
  readonly seeds: readonly SessionSeed[];
  /** Of the k6 that will take it. */
  readonly websockets: K6Program['websockets'];
  /** Where the script finds the sessions, from where it is itself. */
  readonly sessionsFile: string;
};

/** Writes `main.js`, `plan.json` and `sessions.json`, and resolves with the path of the script. */
export async function writeBundle(dir: string, { plan, seeds, ...how }: Bundle): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const script = join(dir, 'main.js');
  await bundleScript(script, how.websockets);
  // Infinity has no JSON; a room is as large as there are sessions then.
  const roomSize = Math.min(plan.roomSize, plan.sessions);
  const file: PlanFile = { ...plan, roomSize, sessionsFile: how.sessionsFile };
  writeFileSync(join(dir, 'plan.json'), JSON.stringify(file));
  writeFileSync(join(dir, 'sessions.json'), JSON.stringify(seeds), { mode: 0o600 });
  return script;
}

/**
 * The same for `k8s/load-test`, where the script and the sessions are mounted beside each other, and for the k6 of its
 * pods. Throws an Error for what does not fit.
 */
export async function writeClusterBundle(
  dir: string,
  { k6, ...run }: Pick<Bundle, 'plan' | 'seeds'> & { readonly k6?: K6Program },
): Promise<void> {
  const websockets = k6?.websockets ?? 'k6/websockets';
  await writeBundle(dir, { ...run, websockets, sessionsFile: '../sessions/sessions.json' });
  const bytes = statSync(join(dir, 'sessions.json')).size;
  if (bytes > MOST_BYTES) {
    const most = Math.floor((run.seeds.length * MOST_BYTES) / bytes);
    throw new Error(
      `a Secret holds about ${most} sessions: split the load, and run one TestRun for each part`,
    );
  }
}

/** The script with the real yjs and y-protocols in it, as one file. */
async function bundleScript(outfile: string, websockets: K6Program['websockets']): Promise<void> {
  await build({
    entryPoints: [ENTRY],
    outfile,
    bundle: true,
    format: 'esm',
    // Else lib0 asks for Node's modules.
    platform: 'browser',
    external: ['k6', 'k6/*'],
    ...(websockets === 'k6/websockets' ? {} : { alias: { 'k6/websockets': websockets } }),
    target: 'es2022',
    logLevel: 'warning',
  });
}
