import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait for a condition, and what to call it when it never comes. */
export type Patience = {
  /** The condition in words: `eventually(…, { what: 'both texts are equal' })`. */
  readonly what: string;
  /** Deadline in ms; 5,000 unless told. */
  readonly withinMs?: number;
  /** Pause between two looks in ms; 20 unless told. */
  readonly everyMs?: number;
};

/**
 * Looks until `check` holds, and resolves with what it returned. `false`, `null` and an exception mean "not yet", so
 * a check may be an `expect(…)`. A look that hangs counts against the deadline too.
 *
 * Throws an Error that names `what`, the time spent and the last exception (as `cause`) when the deadline passes.
 */
export async function eventually<T>(
  check: () => T | false | null | Promise<T | false | null>,
  { what, withinMs = 5_000, everyMs = 20 }: Patience,
): Promise<T> {
  const startedMs = performance.now();
  const leftMs = () => withinMs - (performance.now() - startedMs);
  let lastError: unknown;
  let looks = 0;
  for (;;) {
    looks += 1;
    try {
      const answer = await withDeadline(async () => check(), Math.max(leftMs(), 1));
      if (answer !== false && answer !== null) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (leftMs() <= everyMs) break;
    await pause(everyMs);
  }
  const reason = lastError === undefined ? '' : `; last error: ${messageOf(lastError)}`;
  throw new Error(`not within ${withinMs} ms (${looks} looks): ${what}${reason}`, { cause: lastError });
}

/** Settles as `work()` does, or rejects with an Error after `deadlineMs`. The work itself goes on. */
export async function withDeadline<T>(work: () => Promise<T>, deadlineMs: number): Promise<T> {
  const abort = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`no answer within ${Math.round(deadlineMs)} ms`);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    abort.abort();
    late.catch(() => {});
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
