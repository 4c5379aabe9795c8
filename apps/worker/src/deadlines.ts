/** Time for running folds to finish when the worker is asked to leave; the rest goes to other workers. */
export const FINISH_MS = 15_000;

export const WORKER_DEADLINES = { startMs: 30_000, drainMs: FINISH_MS + 8_000, stopMs: 10_000 };
