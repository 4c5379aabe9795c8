import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { parse, stringify } from 'yaml';
import { DIRECTORY, readText } from './alerts.ts';

/** Addresses (`host:port`) in place of those that a job of the configuration scrapes. */
export type Targets = Readonly<Record<string, readonly string[]>>;

/** A Prometheus of a test's own, on the configuration and the rules that are shipped, only more eager. */
export type PrometheusService = {
  /** What its HTTP API answers (https://prometheus.io/docs/prometheus/latest/querying/api). */
  get<Data>(path: string, parameters?: Readonly<Record<string, string>>): Promise<Data>;
  stop(): Promise<void>;
};

/** As found; the rest of the file is left as it is. */
type Configuration = {
  readonly global: object;
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly static_configs: readonly object[];
  }[];
};

/** Debian's package of promtool has Prometheus too. */
export async function startPrometheus(targets: Targets): Promise<PrometheusService> {
  const port = await freePort();
  const directory = temporaryDirectory('prometheus');
  const file = join(directory, 'prometheus.yml');
  const shipped = parse(readText('prometheus.yml')) as Configuration;
  const own: Targets = { ...targets, prometheus: [`127.0.0.1:${port}`] };
  const configuration = {
    ...shipped,
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(DIRECTORY, 'rules/*.yml')],
    scrape_configs: shipped.scrape_configs.map((job) => ({
      ...job,
      static_configs: [{ targets: own[job.job_name] ?? [] }],
    })),
  };
  writeFileSync(file, stringify(configuration));
  const base = `http://127.0.0.1:${port}`;
  const running = await startProcess({
    name: `prometheus on port ${port}`,
    command: 'prometheus',
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ready: async () => (await fetch(`${base}/-/ready`)).ok,
    readyWithinMs: 60_000,
  });
  return {
    async get<Data>(path: string, parameters: Readonly<Record<string, string>> = {}) {
      const response = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(parameters)}`);
      const answer = (await response.json()) as { status: string; error?: string; data: Data };
      if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
      return answer.data;
    },
    async stop() {
      await running.stop();
      removeTemporaryDirectory(directory);
    },
  };
}
