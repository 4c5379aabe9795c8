import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Manifest, ofKind } from './testing/manifests.ts';
import { POD_POLICIES } from './testing/policies/pods.ts';
import { RUNNING_POLICIES } from './testing/policies/running.ts';
import { schemaProblems } from './testing/strict-schema.ts';
import { buildLoadTest, runnerJobs, starterJob, type TestRun, testRunOf } from './testing/test-run.ts';

/** The operator's TestRun has no field for it. */
const NOT_OURS_TO_SAY = ['no pod gets variables of Services'];
/** The pod that starts the others mounts nothing, and runs the image that comes with the operator. */
const NOT_OURS_OF_THE_STARTER = [
  'every pod can write to /tmp',
  'every image is one release, never the latest',
];

describe('the load test', () => {
  let manifests: Manifest[];
  let testRun: TestRun;
  beforeAll(async () => {
    manifests = await buildLoadTest((dir) => {
      mkdirSync(dir);
      for (const name of ['main.js', 'plan.json', 'sessions.json']) writeFileSync(join(dir, name), name);
    });
    testRun = testRunOf(manifests);
  });

  const breaches = (jobs: readonly Manifest[], except: readonly string[]) =>
    [...POD_POLICIES, ...RUNNING_POLICIES]
      .filter(({ name }) => !except.includes(name))
      .flatMap((policy) => policy.breaches([...manifests, ...jobs]));

  it('holds only objects that fit their schema, in a namespace of its own', async () => {
    expect((await Promise.all(manifests.map(schemaProblems))).flat()).toEqual([]);
    const namespaced = manifests.filter(({ kind }) => kind !== 'Namespace');
    expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['kryton-load']));
  });

  it('brings the script as a ConfigMap and the sessions as a Secret, under the names that the pods mount', () => {
    const [script] = ofKind<IConfigMap>(manifests, 'ConfigMap');
    const [sessions] = ofKind<ISecret>(manifests, 'Secret');
    expect(Object.keys(script?.data ?? {})).toEqual(['main.js', 'plan.json']);
    expect(Object.keys(sessions?.data ?? {})).toEqual(['sessions.json']);
    for (const { spec } of runnerJobs(testRun)) {
      const mounted = spec?.template.spec?.volumes ?? [];
      expect(mounted).toMatchObject([
        { configMap: { name: script?.metadata?.name } },
        { secret: { secretName: sessions?.metadata?.name } },
        { emptyDir: {} },
      ]);
    }
  });

  it('becomes pods of the profile restricted, which fit their schema', async () => {
    const runners = runnerJobs(testRun);
    const starter = starterJob(testRun);
    expect((await Promise.all([...runners, starter].map(schemaProblems))).flat()).toEqual([]);
    expect(breaches(runners, NOT_OURS_TO_SAY)).toEqual([]);
    expect(breaches([starter], [...NOT_OURS_TO_SAY, ...NOT_OURS_OF_THE_STARTER])).toEqual([]);
  });

  it.each([
    ['a field that does not exist', { parallel: 2 }, 'there is no field spec.parallel'],
    ['a value of the wrong type', { parallelism: '2' }, 'spec.parallelism must be integer'],
    ['a boolean where the operator wants text', { paused: true }, 'spec.paused must be string'],
    ['a field of a pod that does not exist', { runner: { args: [] } }, 'there is no field spec.runner.args'],
  ])('is not applied with %s', async (_what, wrong, problem) => {
    const changed = { ...testRun, spec: { ...testRun.spec, ...wrong } };
    expect((await schemaProblems(changed)).join('\n')).toContain(problem);
  });
});
