import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { findExecutable } from './installed.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

const ANSWER_WITHIN_MS = 10_000;

/** A Prometheus that scrapes nothing and takes what is written to it. */
export type PrometheusService = {
  /** Where it takes remote writes. */
  readonly writeUrl: string;
  /** What a query in PromQL gives at this moment: the labels of each series, and its value. */
  query(promql: string): Promise<readonly Series[]>;
  stop(): Promise<void>;
};

export type Series = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** Starts Prometheus with all it stores in a temporary directory; resolves when it is ready. */
export async function startPrometheus(): Promise<PrometheusService> {
  const command = findExecutable('prometheus');
  if (command === null) throw new Error('Prometheus is not installed (Debian: apt-get install prometheus)');
  const dir = temporaryDirectory('prometheus');
  const config = join(dir, 'prometheus.yml');
  writeFileSync(config, 'global: {}\n');
  const url = `http://127.0.0.1:${await freePort()}`;
  const running = await startProcess({
    name: 'prometheus',
    command,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
    ],
    ready: async () => (await get(`${url}/-/ready`)).ok,
    readyWithinMs: 30_000,
  });
  return {
    writeUrl: `${url}/api/v1/write`,
    async query(promql) {
      const answer = await get(`${url}/api/v1/query?${new URLSearchParams({ query: promql })}`);
      if (!answer.ok) throw new Error(`${promql}: ${answer.status} ${await answer.text()}`);
      return seriesIn(await answer.json());
    },
    async stop() {
      await running.stop();
      removeTemporaryDirectory(dir);
    },
  };
}

async function get(url: string): Promise<Response> {
  return await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
function seriesIn(answer: unknown): Series[] {
  const { data } = answer as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
