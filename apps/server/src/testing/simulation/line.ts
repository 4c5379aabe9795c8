import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { type CallFaults, type Fate, fateOf, NO_CALL_FAULTS } from './fate.ts';
import type { SimProcess } from './process.ts';

/** As the connections of the product wait (redis-connection.ts). */
const TIMEOUT_MS = 2_000;
/** How late a request may take effect: long after its caller has given up. */
const LATEST_MS = 6_000;
const LONGEST_STOP_MS = 12_000;

/** What goes wrong on the way between a process and the stores; shares of all calls and messages. */
export type LineFaults = CallFaults & {
  /** A message to this process is dropped, delivered twice, or overtaken by later ones. */
  readonly dropped: number;
  readonly doubled: number;
  readonly overtaken: number;
  /** Work in a thread gives up. */
  readonly workFailed: number;
};

export const NO_FAULTS: LineFaults = {
  ...NO_CALL_FAULTS,
  dropped: 0,
  doubled: 0,
  overtaken: 0,
  workFailed: 0,
};

export type LineParts = {
  readonly process: SimProcess;
  readonly clock: Timers;
  readonly random: SeededRandom;
  readonly faults: () => LineFaults;
  /** What a call rejects with that is not answered. */
  readonly unavailable: (message: string) => Error;
  /** Nobody reaches the store. */
  readonly isAway: () => boolean;
  readonly trace: (what: string) => void;
  readonly count: (what: string) => void;
};

/** The network between one process and one store. */
export class SimLine {
  readonly #parts: LineParts;
  /** Nothing passes in that direction. */
  isCutOut = false;
  isCutIn = false;
  #lastDeliveryAt = 0;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  /** Calls `effect` at the store, some time later or never; settles as the caller would see it. */
  call<T>(name: string, effect: () => T): Promise<T> {
    const { process, clock, random, unavailable, isAway, trace } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!process.isAlive) return promise;
    const fate = this.#fate(name);
    const fail = (why: string) => process.whenAwake(() => reject(unavailable(`${name}: ${why}`)));
    if (fate === 'killed before') {
      clock.soon(() => process.kill());
      return promise;
    }
    const giveUp = clock.after(TIMEOUT_MS, () => fail(`no answer within ${TIMEOUT_MS} ms`));
    if (fate === 'lost') return promise;
    const wayMs = fate === 'late' ? TIMEOUT_MS + random.next() * (LATEST_MS - TIMEOUT_MS) : travelMs(random);
    clock.after(wayMs, () => {
      if (fate === 'refused') {
        fail('refused');
        return;
      }
      const result = effect();
      trace(`${process.name} ${name}`);
      if (fate === 'killed after') process.kill();
      if (fate === 'stopped') process.freeze(random.next() * LONGEST_STOP_MS);
      if (fate === 'unheard' || this.isCutIn || isAway()) return;
      clock.after(travelMs(random), () => {
        if (fate === 'reset') fail('connection reset');
        else
          process.whenAwake(() => {
            giveUp();
            resolve(result);
          });
      });
    });
    return promise;
  }

  /** Brings a message to the process: at most once, and in order, unless the faults say otherwise. */
  deliver(name: string, run: () => void): void {
    const { process, clock, random, faults, isAway, trace, count } = this.#parts;
    const { dropped, doubled, overtaken } = faults();
    if (this.isCutIn || isAway() || random.chance(dropped)) {
      count('message dropped');
      trace(`${process.name} does not hear ${name}`);
      return;
    }
    const arrive = () => process.whenAwake(run);
    const wayMs = 0.2 + random.next() * 2;
    if (random.chance(overtaken)) {
      count('message overtaken');
      clock.after(wayMs + random.next() * 300, arrive);
    } else {
      const at = Math.max(clock.now() + wayMs, this.#lastDeliveryAt);
      this.#lastDeliveryAt = at;
      clock.after(at - clock.now(), arrive);
    }
    if (random.chance(doubled)) {
      count('message doubled');
      clock.after(wayMs + random.next() * 50, arrive);
    }
  }

  #fate(name: string): Fate {
    const { process, random, faults, isAway, trace, count } = this.#parts;
    const drawn = fateOf(faults(), random.next());
    const fate = this.isCutOut || isAway() ? 'lost' : drawn;
    if (fate !== 'fine') {
      count(`call ${fate}`);
      trace(`${process.name} ${name}: ${fate}`);
    }
    return fate;
  }
}

function travelMs(random: SeededRandom): number {
  return 0.2 + random.next() * 3;
}
