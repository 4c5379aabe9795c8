import type { SystemUnderTest } from '../system.ts';

const ANSWER_WITHIN_MS = 10_000;

/** What a worker has done since it started, by its own counters. */
export type WorkerJobs = {
  /** Folds that committed a snapshot. */
  readonly folds: number;
  /** Everything it was asked for: folds, looks that found a document still being edited, reminders of both. */
  readonly jobs: number;
};

/** Of all workers together. Rejects when one does not answer. */
export async function workerJobs(system: SystemUnderTest): Promise<WorkerJobs> {
  const urls = system.parts().flatMap(({ metricsUrl }) => metricsUrl ?? []);
  const texts = await Promise.all(
    urls.map(async (url) => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      return await answer.text();
    }),
  );
  const total = (series: RegExp) => texts.reduce((sum, text) => sum + sumOf(text, series), 0);
  return {
    folds: total(/^kryton_folds_total\{[^}]*result="folded"[^}]*\} (.+)$/gm),
    jobs: total(/^kryton_jobs_total\{[^}]*result="done"[^}]*\} (.+)$/gm),
  };
}

/** The values of the series that match, added up; each match holds one in its first group. */
export function sumOf(exposition: string, series: RegExp): number {
  return [...exposition.matchAll(series)].reduce((sum, [, value]) => sum + Number(value), 0);
}
