import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { LogUnavailable } from '@kryton/engine/log/update-log.ts';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';

/** As the connections of the product wait (redis-connection.ts). */
const TIMEOUT_MS = 2_000;
/** How late a request may take effect: long after its caller has given up. */
const LATEST_MS = 6_000;

/** What goes wrong on the way between a process and the stores; shares of all calls and messages. */
export type LineFaults = {
  /** The request never arrives. */
  readonly lost: number;
  /** It takes effect, and nobody hears so. */
  readonly unheard: number;
  /** It takes effect when its caller has given up long ago. */
  readonly late: number;
  /** A message to this process is dropped, delivered twice, or overtaken by later ones. */
  readonly dropped: number;
  readonly doubled: number;
  readonly overtaken: number;
};

export const NO_FAULTS: LineFaults = {
  lost: 0,
  unheard: 0,
  late: 0,
  dropped: 0,
  doubled: 0,
  overtaken: 0,
};

export type LineParts = {
  readonly name: string;
  readonly clock: Timers;
  readonly random: SeededRandom;
  readonly faults: () => LineFaults;
  /** A process that is gone hears no answer; what it sent still takes effect. */
  readonly isAlive: () => boolean;
  readonly trace: (what: string) => void;
  readonly count: (what: string) => void;
};

/** The network between one process and the stores. */
export class SimLine {
  readonly #parts: LineParts;
  /** Nothing passes in that direction. */
  isCutOut = false;
  isCutIn = false;
  /** Answers wait until then, as those to a process that is stopped. */
  #frozenUntil = 0;
  #lastDeliveryAt = 0;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  freeze(ms: number): void {
    this.#frozenUntil = this.#parts.clock.now() + ms;
  }

  get isFrozen(): boolean {
    return this.#parts.clock.now() < this.#frozenUntil;
  }

  /** Calls `effect` at the store, some time later or never; settles as the caller would see it. */
  call<T>(name: string, effect: () => T): Promise<T> {
    const { clock, random, trace, count } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fate = this.#fate();
    if (fate !== 'fine') {
      count(`call ${fate}`);
      trace(`${this.#parts.name} ${name}: ${fate}`);
    }
    const giveUp = clock.after(TIMEOUT_MS, () => {
      this.#whenThawed(() => reject(new LogUnavailable(`${name}: no answer within ${TIMEOUT_MS} ms`)));
    });
    if (fate === 'lost') return promise;
    const wayMs = fate === 'late' ? TIMEOUT_MS + random.next() * (LATEST_MS - TIMEOUT_MS) : travelMs(random);
    clock.after(wayMs, () => {
      const result = effect();
      if (fate === 'unheard' || this.isCutIn) return;
      clock.after(travelMs(random), () => {
        this.#whenThawed(() => {
          giveUp();
          resolve(result);
        });
      });
    });
    return promise;
  }

  /** Brings a message to the process: at most once, and in order, unless the faults say otherwise. */
  deliver(name: string, run: () => void): void {
    const { clock, random, faults, isAlive, trace, count } = this.#parts;
    const { dropped, doubled, overtaken } = faults();
    if (this.isCutIn || random.chance(dropped)) {
      count('message dropped');
      trace(`${this.#parts.name} does not hear ${name}`);
      return;
    }
    const arrive = () => {
      if (isAlive()) this.#whenThawed(run);
    };
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

  /** A dead process's promises never settle, so that nothing of it goes on. */
  #whenThawed(run: () => void): void {
    const { clock, isAlive } = this.#parts;
    if (!isAlive()) return;
    const waitMs = this.#frozenUntil - clock.now();
    if (waitMs > 0) clock.after(waitMs, () => this.#whenThawed(run));
    else run();
  }

  #fate(): 'fine' | 'lost' | 'unheard' | 'late' {
    const { random, faults } = this.#parts;
    const { lost, unheard, late } = faults();
    const draw = random.next();
    if (this.isCutOut) return 'lost';
    if (draw < lost) return 'lost';
    if (draw < lost + unheard) return 'unheard';
    return draw < lost + unheard + late ? 'late' : 'fine';
  }
}

function travelMs(random: SeededRandom): number {
  return 0.2 + random.next() * 3;
}
