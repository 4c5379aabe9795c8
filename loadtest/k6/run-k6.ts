import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installCommand } from '@kryton/engine/testing/services/ensure-installed.ts';
import { findK6, type K6Program } from '@kryton/engine/testing/services/k6-program.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { writeBundle } from './bundle.ts';
import { type LoadPlan, longestMs, type SessionSeed } from './load-plan.ts';
import type { Summary } from './load-result.ts';

/** k6 ends with it when a threshold does not hold. */
const THRESHOLDS_FAILED = 99;
/** The report has so many points of each line. */
const REPORT_POINTS = 60;
/** k6 makes a report of no fewer. */
const LEAST_POINTS = 3;

export type K6Run = {
  readonly k6: K6Program;
  readonly plan: LoadPlan;
  readonly seeds: readonly SessionSeed[];
  /** Where the HTML report goes; null for none. */
  readonly reportFile: string | null;
  /** Where Prometheus takes remote writes; null for none. */
  readonly prometheusUrl: string | null;
  /** Whether k6 writes its progress to this process's own output. */
  readonly isVisible: boolean;
};

/** The k6 of this machine. Throws an Error that says how to get it. */
export function requireK6(): K6Program {
  const program = findK6();
  if (program !== null) return program;
  const how = installCommand(['k6']);
  throw new Error(`there is no k6 of version 1.1 or later here (npm test installs one, or: ${how})`);
}

/** Runs k6 to its end, and resolves with its figures. Throws an Error when it ends without any. */
export async function runK6(run: K6Run): Promise<Summary> {
  const { k6, plan, seeds, reportFile, prometheusUrl, isVisible } = run;
  const dir = temporaryDirectory('k6');
  const summaryFile = join(dir, 'summary.json');
  try {
    const { websockets } = k6;
    const script = await writeBundle(dir, { plan, seeds, websockets, sessionsFile: './sessions.json' });
    const outputs = prometheusUrl === null ? [] : ['--out', 'experimental-prometheus-rw'];
    const child = spawn(
      k6.path,
      ['run', '--no-usage-report', '--address', '127.0.0.1:0', ...outputs, script],
      {
        stdio: isVisible ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'ignore', 'pipe'],
        env: {
          // Each collection of k6's garbage takes a core from the cluster beside it for up to a second; memory is cheaper.
          GOGC: '400',
          ...process.env,
          SUMMARY: summaryFile,
          ...(reportFile === null ? {} : reportTo(reportFile, plan)),
          ...(prometheusUrl === null ? {} : writesTo(prometheusUrl)),
        },
        timeout: longestMs(plan) + 60_000,
      },
    );
    const endChild = () => child.kill('SIGKILL');
    process.once('exit', endChild);
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      errors = (errors + chunk).slice(-4_000);
    });
    const [code, signal] = await once(child, 'close');
    process.off('exit', endChild);
    if ((code !== 0 && code !== THRESHOLDS_FAILED) || !existsSync(summaryFile)) {
      throw new Error(`k6 ended with ${signal ?? code} and without figures\n${errors}`);
    }
    return JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary;
  } finally {
    removeTemporaryDirectory(dir);
  }
}

/** https://github.com/grafana/xk6-dashboard; its page is there while k6 runs. */
function reportTo(file: string, { joinMs, runMs }: LoadPlan): Record<string, string> {
  const periodS = Math.max(1, Math.round((joinMs + runMs) / 1_000 / REPORT_POINTS));
  if (joinMs + runMs < LEAST_POINTS * 1_000) return {};
  return {
    K6_WEB_DASHBOARD: 'true',
    K6_WEB_DASHBOARD_EXPORT: file,
    K6_WEB_DASHBOARD_HOST: '127.0.0.1',
    K6_WEB_DASHBOARD_PORT: '0',
    K6_WEB_DASHBOARD_PERIOD: `${periodS}s`,
  };
}

/** https://grafana.com/docs/k6/latest/results-output/real-time/prometheus-remote-write/ */
function writesTo(url: string): Record<string, string> {
  return {
    K6_PROMETHEUS_RW_SERVER_URL: url,
    K6_PROMETHEUS_RW_TREND_STATS: 'p(50),p(95),p(99),max',
    // So that a chart ends where the run did.
    K6_PROMETHEUS_RW_STALE_MARKERS: 'true',
  };
}
