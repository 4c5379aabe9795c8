import type { Position } from '@kryton/engine/log/position.ts';
import { encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import { Arrivals } from './arrivals.ts';
import type { Audience } from './audience.ts';
import { type Appended, FanOutWatch } from './fan-out-watch.ts';
import type { LogFollower } from './log-follower.ts';
import { prepareFrame } from './prepared-frame.ts';
import type { RoomPorts } from './room-ports.ts';
import type { RoomPresence } from './room-presence.ts';
import type { RoomState } from './room-state.ts';
import { AdaptiveWindow } from './window.ts';

export type FanOutParts = {
  readonly docId: DocId;
  readonly ports: Pick<RoomPorts, 'timers' | 'limits' | 'metrics' | 'tracing'>;
  readonly state: Pick<RoomState, 'check' | 'append'>;
  readonly audience: Pick<Audience, 'deliver' | 'together'>;
  readonly presence: Pick<RoomPresence, 'hurry' | 'spent'>;
  /** Puts in order what arrives, and calls {@link FanOut.deliver} for each entry. */
  readonly follower: () => Pick<LogFollower, 'receive' | 'position'>;
  /** Called when something arrives, whoever sent it. */
  readonly onArrival: () => void;
};

/**
 * What the log brings to one document, on its way to the members (step 6 of the walk): when it goes out, with what, and
 * what that costs, because the cost decides how long the room gathers (ROOM2).
 */
export class FanOut {
  readonly #parts: FanOutParts;
  readonly #window = new AdaptiveWindow();
  readonly #watch: FanOutWatch;
  readonly #arrivals: Arrivals;
  /** Whether frames are being made that leave as one. */
  #isTogether = false;

  constructor(parts: FanOutParts) {
    const { docId, ports, follower, onArrival } = parts;
    this.#parts = parts;
    this.#watch = new FanOutWatch(ports, docId);
    this.#arrivals = new Arrivals({
      timers: ports.timers,
      dearMs: ports.limits.dearFanOutMs,
      onArrival,
      receive: (position, update) => follower().receive(position, update),
      together: (run) => this.#sendTogether(run),
    });
  }

  /** For how long what members write is gathered from now on, in ms. */
  nextWindowMs(): number {
    const { timers, metrics } = this.#parts.ports;
    this.#window.turn(timers.now());
    metrics.gathered(this.#window.ms);
    return this.#window.ms;
  }

  /** The log took what this node appended; the result is the span of the append, where tracing is on. */
  appended(appended: Appended): Traceparent | null {
    return this.#watch.appended(appended, this.#parts.follower().position);
  }

  /** The log announces an entry; `update` is null when the announcement came without its bytes. */
  announced(position: Position, update: Uint8Array | null): void {
    this.#arrivals.add(position, update);
  }

  /** The next entry of the log: one frame for all. */
  deliver(position: Position, update: Uint8Array): void {
    const { ports, state, audience } = this.#parts;
    const startedAt = ports.timers.now();
    const checked = state.check(position, update);
    if (checked === null) return;
    const frame = prepareFrame(encodeUpdate(checked.update));
    const sockets = audience.deliver(frame);
    state.append(position, checked);
    ports.metrics.updateOut(sockets, frame.length);
    if (!this.#isTogether) this.#sent(position, startedAt);
  }

  /** Hands on what has arrived and waits. */
  flush(): void {
    this.#arrivals.flush();
  }

  close(): void {
    this.#arrivals.close();
  }

  /** Frames that `run` makes leave as one, and presence that has waited for a while with them. */
  #sendTogether(run: () => void): void {
    const { ports, audience, presence, follower } = this.#parts;
    const startedAt = ports.timers.now();
    this.#isTogether = true;
    try {
      audience.together(() => {
        run();
        presence.hurry();
      });
    } finally {
      this.#isTogether = false;
    }
    presence.spent(this.#sent(follower().position, startedAt));
  }

  /** Everything up to `position` was written to the sockets, which began at `startedAt`; the result is how long it took. */
  #sent(position: Position, startedAt: number): number {
    const now = this.#parts.ports.timers.now();
    this.#window.spent(now - startedAt);
    this.#watch.sent(position, now);
    return now - startedAt;
  }
}
