import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { Turns } from '../socket/turns.ts';
import { Line } from './line.ts';

/** Paths on which a password is hashed or checked. */
const WITH_PASSWORD = new Set([
  '/sign-up/email',
  '/sign-in/email',
  '/change-password',
  '/two-factor/enable',
  '/two-factor/disable',
  '/two-factor/get-totp-uri',
  '/two-factor/generate-backup-codes',
  '/admin/create-user',
  '/admin/set-user-password',
]);

/** A hash takes up to 100 ms: who is last of so many waits a minute, after which proxies give up. */
const PASSWORDS = { atOnce: 8, maxWaiting: 600 };
/** The others take some ms. */
const OTHERS = { atOnce: 16, maxWaiting: 2_000 };

/**
 * Lets requests in to better-auth a few at a time, and one a turn of the event loop: each costs it milliseconds, in
 * pieces between the answers of the stores, and the answers to five hundred who sign in at nine o'clock would come
 * together, piece by piece, ahead of everybody's keystrokes. Those who wait for a password hold up nobody else.
 */
export class AuthLanes {
  readonly #turns: Turns;
  readonly #passwords = new Line(PASSWORDS);
  readonly #others = new Line(OTHERS);

  constructor(timers: Timers) {
    this.#turns = new Turns(timers);
  }

  /** Settles as `work` does. Rejects with `LineFull` when so many wait that it would not be served in time. */
  run<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    const line = WITH_PASSWORD.has(path) ? this.#passwords : this.#others;
    return line.run(async () => {
      await this.#turns.next();
      return await work();
    });
  }
}
