import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

const WINDOW_MS = 1_000;
/** One pause, of the garbage collector or of the machine, is in two windows at most, however long it was. */
const LATE_WINDOWS = 3;
/** It was the crowd that is refused which made it late, in part: it is taken again when there is room for some. */
const CALM_WINDOWS = 5;
const CALM_SHARE = 0.5;

export type OverloadParts = {
  /** Above which wait, in ms, the node is overloaded; 0: never. */
  readonly maxWaitMs: number;
  /** The average wait since the last call, in ms. */
  readonly takeWaitMs: () => number;
  readonly timers: Timers;
  readonly logger: {
    warn(details: object, message: string): void;
    info(details: object, message: string): void;
  };
};

/** `late`, `calm`: so many windows in a row. */
type State =
  | { readonly kind: 'well'; readonly late: number }
  | { readonly kind: 'overloaded'; readonly calm: number };

/**
 * Whether this node has more to do than it can: it takes no newcomers then, who cost the most, so that those who are
 * here can go on editing.
 *
 * An overloaded node stays ready (`/readyz`). Were it not, an overload of the whole cluster would take every node away
 * at once, and with them the API and all that a proxy could still place; and a node that is taken away gives back none
 * of its WebSockets, so its return would not depend on what made it late. A proxy that is told 503 tries the next node.
 */
export class Overload {
  readonly #parts: OverloadParts;
  #state: State = { kind: 'well', late: 0 };
  #cancel = () => {};

  constructor(parts: OverloadParts) {
    this.#parts = parts;
    if (parts.maxWaitMs > 0) this.#look();
  }

  get isOverloaded(): boolean {
    return this.#state.kind === 'overloaded';
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const { timers, takeWaitMs } = this.#parts;
    this.#cancel = timers.after(WINDOW_MS, () => {
      this.#state = this.#after(takeWaitMs());
      this.#look();
    });
  }

  #after(waitMs: number): State {
    const { maxWaitMs, logger } = this.#parts;
    const state = this.#state;
    switch (state.kind) {
      case 'well': {
        const late = waitMs > maxWaitMs ? state.late + 1 : 0;
        if (late < LATE_WINDOWS) return { kind: 'well', late };
        logger.warn({ waitMs: Math.round(waitMs) }, 'this node is overloaded and refuses new connections');
        return { kind: 'overloaded', calm: 0 };
      }
      case 'overloaded': {
        const calm = waitMs <= maxWaitMs * CALM_SHARE ? state.calm + 1 : 0;
        if (calm < CALM_WINDOWS) return { kind: 'overloaded', calm };
        logger.info({ waitMs: Math.round(waitMs) }, 'this node takes new connections again');
        return { kind: 'well', late: 0 };
      }
    }
  }
}
