import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import type { K6Program } from '@kryton/engine/testing/services/k6-program.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import { type Manifest, ofKind } from '../../../k8s/testing/manifests.ts';
import { runnerJobs, testRunOf } from '../../../k8s/testing/test-run.ts';
import type { Summary } from '../load-result.ts';

const execute = promisify(execFile);
const LONGEST_MS = 90_000;
/** What the operator's starter sends to each runner. */
const START = { data: { type: 'status', id: 'default', attributes: { paused: false, stopped: false } } };

/**
 * Runs a TestRun without Kubernetes: exactly the files of its ConfigMap and its Secret, by the commands of its pods, as
 * processes of this machine that start when they are told to. Resolves with the figures that each has at the end of its
 * log. Only paths and addresses are others, and `env` wins over the variables of the pods.
 */
export async function runTestRun(
  manifests: readonly Manifest[],
  k6: K6Program,
  env: Readonly<Record<string, string>>,
): Promise<Summary[]> {
  const root = temporaryDirectory('runners');
  const started: RunningProcess[] = [];
  try {
    mountAt(root, manifests);
    await lookAtScript(root, k6);
    const runners = await Promise.all(
      runnerJobs(testRunOf(manifests)).map(async ({ spec }, index) => {
        const container = spec?.template.spec?.containers[0];
        const address = `127.0.0.1:${await freePort()}`;
        const [, ...args] = (container?.command ?? []).map((word) =>
          word.replace(/^\/test\//, `${root}/test/`).replace('0.0.0.0:6565', address),
        );
        const variables = Object.fromEntries(
          (container?.env ?? []).map(({ name, value = '' }) => [name, value]),
        );
        const runner = await startProcess({
          name: `runner ${index + 1}`,
          command: k6.path,
          args,
          env: { ...variables, ...env },
          ready: () => isWaiting(address),
          readyWithinMs: 60_000,
        });
        started.push(runner);
        return { runner, address };
      }),
    );
    await Promise.all(runners.map(({ address }) => start(address)));
    return await Promise.all(runners.map(({ runner }) => summaryOf(runner)));
  } finally {
    await Promise.all(started.map((runner) => runner.stop({ signal: 'SIGKILL' })));
    removeTemporaryDirectory(root);
  }
}

/** The script at /test, as the operator mounts it, and the sessions at /sessions, as the pods do. */
function mountAt(root: string, manifests: readonly Manifest[]): void {
  for (const directory of ['test', 'sessions']) mkdirSync(join(root, directory));
  for (const { data = {} } of ofKind<IConfigMap>(manifests, 'ConfigMap')) {
    for (const [name, text] of Object.entries(data)) writeFileSync(join(root, 'test', name), text);
  }
  for (const { data = {} } of ofKind<ISecret>(manifests, 'Secret')) {
    for (const [name, base64] of Object.entries(data)) {
      writeFileSync(join(root, 'sessions', name), Buffer.from(base64, 'base64'), { mode: 0o600 });
    }
  }
}

/** As the operator's first pod does: without the variables that a run has. */
async function lookAtScript(root: string, k6: K6Program): Promise<void> {
  const archive = join(root, 'main.js.archived.tar');
  const options = { timeout: LONGEST_MS };
  await execute(k6.path, ['archive', join(root, 'test/main.js'), '-O', archive], options);
  await execute(k6.path, ['inspect', '--execution-requirements', archive], options);
}

async function isWaiting(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}/v1/status`, { signal: AbortSignal.timeout(5_000) });
  const { data } = (await answer.json()) as { data: { attributes: { paused: boolean } } };
  return data.attributes.paused;
}

async function start(address: string): Promise<void> {
  const answer = await fetch(`http://${address}/v1/status`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(START),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`k6 at ${address} does not start: ${answer.status} ${await answer.text()}`);
}

async function summaryOf(runner: RunningProcess): Promise<Summary> {
  const line = () =>
    runner
      .output()
      .split('\n')
      .find((each) => each.startsWith('{"'));
  await eventually(() => line() !== undefined, {
    what: `${runner.name} has ended`,
    withinMs: LONGEST_MS,
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${runner.output()}`);
  });
  return JSON.parse(line() ?? '') as Summary;
}
