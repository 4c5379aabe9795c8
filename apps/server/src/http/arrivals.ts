import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { FastifyInstance } from 'fastify';

/** What is begun of one request before it waits for something costs up to 0.2 ms. */
const EACH_TURN = 8;

/**
 * Begins a few requests a turn of the event loop, first come, first served. Node reads whatever has arrived within one
 * turn, and five hundred requests at nine o'clock, each with its headers, limits and body, would hold up everybody's
 * keystrokes for as long as all of them take.
 */
export class Arrivals {
  readonly #timers: Timers;
  readonly #waiting: (() => void)[] = [];
  /** In this turn. */
  #begun = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls `begin`, at once when few others have come in this turn. */
  next(begin: () => void): void {
    if (this.#begun === EACH_TURN) {
      this.#waiting.push(begin);
      return;
    }
    // A turn in which somebody begins is followed by one that looks who waits.
    if (this.#begun === 0) this.#timers.soon(() => this.#nextTurn());
    this.#begun += 1;
    begin();
  }

  #nextTurn(): void {
    this.#begun = 0;
    for (const begin of this.#waiting.splice(0, EACH_TURN)) this.next(begin);
  }
}

/** Lets requests in at that pace; upgrades have one of their own. Call it when the WebSocket plugin is registered. */
export function paceRequests(app: FastifyInstance, timers: Timers): void {
  const arrivals = new Arrivals(timers);
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.ws) done();
    else arrivals.next(done);
  });
}
