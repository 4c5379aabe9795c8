import { StartupError } from '../lifecycle/startup-error.ts';

/** How {@link waitForSchema} waits; times in ms. */
export type WaitOptions = {
  /** Resolves when the schema is there; throws a {@link StartupError} that says what is missing. */
  readonly check: () => Promise<void>;
  readonly withinMs: number;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  /** Told why it still waits, each reason once in a row. */
  readonly onWaiting: (reason: string) => void;
};

/** Looks this often: a rollout waits for it at most this much longer than for the migration. */
const EVERY_MS = 2_000;

/**
 * Resolves when `check` does: PostgreSQL answers and every migration of this release has run. It is what a node's start
 * waits for where the migration is a job of its own; nothing is changed here.
 *
 * Throws a {@link StartupError} with the last reason after `withinMs`, and at once whatever is not a StartupError.
 */
export async function waitForSchema(options: WaitOptions): Promise<void> {
  const { check, withinMs, now, pause, onWaiting } = options;
  const endsAt = now() + withinMs;
  let told: string | null = null;
  for (;;) {
    const reason = await reasonToWait(check);
    if (reason === null) return;
    if (now() + EVERY_MS > endsAt) {
      throw new StartupError(`The schema was not there within ${withinMs / 1000} s: ${reason}`);
    }
    if (reason !== told) onWaiting(reason);
    told = reason;
    await pause(EVERY_MS);
  }
}

async function reasonToWait(check: () => Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
}
