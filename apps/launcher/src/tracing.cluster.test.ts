import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { ACCOUNT_ENV } from '@kryton/server/testing/sign-up.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultCluster, startFaultCluster } from './testing/fault-cluster.ts';
import { upgrade } from './testing/guarded-cluster.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './testing/otlp-receiver.ts';

const CONTENT = `nobody else's business ${randomUUID()}`;
const NODE_MAIN = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));
const RECORDER = new URL('./testing/record-modules.ts', import.meta.url).href;

describe('traces', () => {
  let receiver: OtlpReceiver;
  let cluster: FaultCluster;
  const docId = randomUUID();

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    const env = {
      FOLD_DELAY_MS: '200',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=harbour',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      // What has not gone by the end of a process is sent by it as it leaves.
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    };
    cluster = await startFaultCluster({ nodes: 1, isDirect: true, appendfsync: 'everysec', env });
    const [base = ''] = cluster.bases;
    const client = stockClient(base, docId, { as: cluster.somebody });
    await client.synced(30_000);
    client.text.insert(0, CONTENT);
    const port = Number(new URL(base).port);
    expect((await upgrade(port, `/ws/yjs/${docId}`, [])).status).toBe(401);
    const folded = () => cluster.workers[0]?.metric('kryton_folded_entries_total');
    await eventually(async () => ((await folded()) ?? 0) > 0, { what: 'it is folded', withinMs: 60_000 });
    client.close();
    const parts = [...cluster.nodes, ...cluster.workers];
    const ended = await Promise.all(parts.map((part) => part.process().stop({ deadlineMs: 60_000 })));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  });
  afterAll(async () => {
    await cluster?.stop();
    await receiver?.stop();
  });

  const ofDoc = ({ attributes }: ReceivedSpan) => attributes['kryton.doc'] === docId;

  it('tell how somebody was let in and what was loaded for it, and who was not let in', () => {
    const load = receiver.one('load', ofDoc);
    expect(load.attributes).toMatchObject({ 'kryton.entries': expect.any(Number) });
    const connect = receiver.one('connect', ofDoc);
    expect(connect.attributes).toMatchObject({ 'kryton.role': 'owner', 'kryton.result': 'accepted' });
    expect(connect.links).toEqual([load.id]);
    expect(connect.durationMs).toBeGreaterThan(0);
    const refused = receiver.one('connect', ({ attributes }) => attributes['kryton.result'] === 'refused');
    expect(refused).toMatchObject({ isError: false, attributes: { 'kryton.code': 'unauthenticated' } });
  });

  it('connect an append of a node with the fold on a worker', () => {
    const append = receiver.one('append', ofDoc);
    expect(append.attributes['kryton.updates']).toBe(1);
    expect(append.attributes['kryton.bytes']).toBeGreaterThan(CONTENT.length);
    expect(append.attributes['kryton.position']).toMatch(/^\d+-1$/);
    expect(receiver.one('fan out', ofDoc)).toMatchObject({ parent: append.id, trace: append.trace });
    const schedule = receiver.one('schedule fold', ({ parent }) => parent === append.id);
    expect(schedule.trace).toBe(append.trace);

    // It did not wait for this append alone: linked, not part of its trace. A job that is put off runs again, as a trace of its own.
    const runs = receiver.spans.filter(
      ({ name, links }) => name === 'job fold' && links.includes(schedule.id),
    );
    expect(runs.length).toBeGreaterThan(0);
    for (const job of runs) {
      expect(job).toMatchObject({ parent: '', isError: false, attributes: { 'kryton.doc': docId } });
      expect(job.trace).not.toBe(append.trace);
      const folds = receiver.spans.filter(({ name, trace }) => name === 'fold' && trace === job.trace);
      expect(folds).toMatchObject([{ parent: job.id, attributes: { 'kryton.result': expect.any(String) } }]);
    }
    const committed = receiver.spans.filter(({ attributes }) => attributes['kryton.result'] === 'folded');
    expect(committed.length).toBeGreaterThan(0);
    expect(receiver.spans.some(({ name }) => name === 'job sweep')).toBe(true);
  });

  it('say which process they come from, as OTEL_* and the product name it', () => {
    const processes = receiver.spans.map(({ resource }) => [
      resource['service.name'],
      resource['service.instance.id'],
    ]);
    expect(new Set(processes.map((names) => names.join(' ')))).toEqual(
      new Set(['kryton-node node-1', 'kryton-worker worker-1']),
    );
    for (const { resource } of receiver.spans) expect(resource['deployment.environment.name']).toBe('test');
    for (const headers of receiver.headers) expect(headers['x-tenant']).toBe('harbour');
  });

  it('ACC4 hold no content, no credential and no person', () => {
    const sent = Buffer.concat(receiver.bodies).toString('latin1');
    const { cookie } = cluster.somebody;
    for (const secret of [
      CONTENT,
      cookie,
      cookie.split('=').at(-1) ?? cookie,
      'example.com',
      'user:',
      '198.51.',
    ])
      expect(sent).not.toContain(secret);
  });

  it('cost nothing where nobody asks for them: nothing of the SDK is even loaded', async () => {
    const asked = await modulesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(asked).toContain('/@opentelemetry/sdk-trace/');
    expect(await modulesOf({})).toBe('');
  });
});

/**
 * What a node loads of OpenTelemetry's SDK until it finds that there is no Redis, which is after it began tracing; a line
 * each. The API without an SDK does nothing, and comes with better-auth too.
 */
async function modulesOf(env: Readonly<Record<string, string>>): Promise<string> {
  const file = join(temporaryDirectory('modules'), 'modules');
  writeFileSync(file, '');
  const stores = { REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgresql://127.0.0.1:1/none' };
  const node = spawn(process.execPath, ['--import', RECORDER, NODE_MAIN], {
    env: {
      PATH: process.env['PATH'],
      RECORD_MODULES: file,
      METRICS_PORT: '0',
      ...ACCOUNT_ENV,
      ...stores,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = text(node.stderr);
  expect(await once(node, 'close')).toEqual([1, null]);
  expect(await said).toContain('Redis');
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => !/\/@opentelemetry\/(?:api|semantic-conventions)\//.test(line)).join('\n');
}
