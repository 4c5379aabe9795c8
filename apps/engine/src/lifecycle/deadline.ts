/** Something outside did not answer in time. What it was doing goes on, and its outcome is unknown. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly what: string;
  readonly afterMs: number;

  constructor(what: string, afterMs: number) {
    super(`${what}: no answer within ${afterMs} ms`);
    this.what = what;
    this.afterMs = afterMs;
  }
}

/**
 * Settles as `promise` does, or rejects with {@link DeadlineExceeded} after `ms`. `what` names the step in the
 * message. A rejection that comes after the deadline is swallowed, because nobody waits for it any more.
 */
export async function deadline<Result>(promise: Promise<Result>, ms: number, what: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(what, ms)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
