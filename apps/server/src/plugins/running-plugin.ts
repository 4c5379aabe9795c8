import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { PluginLogger } from './plugin.ts';
import type { PluginMetrics } from './plugin-metrics.ts';
import { type FaultTaker, inPlugin } from './plugin-scope.ts';
import { Unavailable } from './unavailable.ts';

/** Uncaught errors within a minute after which a plugin is switched off. */
const UNCAUGHT_PER_MINUTE = 10;
/** Errors of one plugin that are logged in a minute; more are only counted: a loop must not fill the disk. */
const LOGGED_PER_MINUTE = 30;
const MINUTE_MS = 60_000;

/** How long a plugin may take, in ms. */
export type PluginDeadlines = {
  readonly setupMs: number;
  readonly handlerMs: number;
  readonly closeMs: number;
};

export type RunningPluginParts = {
  readonly id: string;
  readonly log: PluginLogger;
  readonly metrics: PluginMetrics;
  readonly timers: Timers;
  readonly deadlines: PluginDeadlines;
};

/** How a call into a plugin ended: `unavailable` is no fault of its own, `failed` is, and was logged. */
export type Outcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed' }
  | { readonly kind: 'unavailable' };

/**
 * One plugin on one node: every call into it goes through here, so that what it throws stays here.
 *
 * What a handler throws is charged to nothing but the metrics: each was contained, and somebody who finds a request
 * that makes a plugin throw must not be able to switch it off for everybody. Uncaught errors are counted, because they
 * leave behind what nobody knows.
 */
export class RunningPlugin implements FaultTaker {
  readonly id: string;
  readonly #parts: RunningPluginParts;
  readonly #closing: (() => void | Promise<void>)[] = [];
  readonly #whenOff: (() => void)[] = [];
  #state: 'on' | 'off' | 'closed' = 'on';
  #uncaughtAt: number[] = [];
  #loggedAt: number[] = [];

  constructor(parts: RunningPluginParts) {
    this.id = parts.id;
    this.#parts = parts;
    parts.metrics.isOn(parts.id, true);
  }

  get isOn(): boolean {
    return this.#state === 'on';
  }

  get metrics(): PluginMetrics {
    return this.#parts.metrics;
  }

  /** `run` is called when the plugin is switched off or the node stops, before its own `onClose`. */
  whenOff(run: () => void): void {
    this.#whenOff.push(run);
  }

  onClose(run: () => void | Promise<void>): void {
    this.#closing.push(run);
  }

  /** Its `setup`; rejects with what that threw. */
  async setUp(setup: () => void | Promise<void>): Promise<void> {
    await this.#within(setup, this.#parts.deadlines.setupMs, 'setup');
  }

  /** Calls a handler; never rejects. `what` stands in the log. */
  async call<Result>(what: string, handler: () => Result | Promise<Result>): Promise<Outcome<Result>> {
    try {
      return { kind: 'done', result: await this.#within(handler, this.#parts.deadlines.handlerMs, what) };
    } catch (error) {
      if (error instanceof Unavailable) return { kind: 'unavailable' };
      this.#parts.metrics.fault(this.id, 'handled');
      this.#report(error, `a plugin failed: ${what}`);
      return { kind: 'failed' };
    }
  }

  uncaught(error: unknown): void {
    // A call that it did not wait for, while Redis or the database is away.
    if (error instanceof Unavailable) {
      this.#report(error, 'a plugin did not look at the outcome of a call');
      return;
    }
    this.#parts.metrics.fault(this.id, 'uncaught');
    this.#report(error, 'a plugin threw where nobody catches it');
    const now = this.#parts.timers.now();
    this.#uncaughtAt = [...this.#uncaughtAt, now].filter((at) => at > now - MINUTE_MS);
    if (this.#uncaughtAt.length >= UNCAUGHT_PER_MINUTE) this.#switchOff();
  }

  /** The node stops. Resolves when the plugin has closed, or had its time. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const wasOn = this.#state === 'on';
    this.#state = 'closed';
    if (wasOn) await this.#end();
  }

  #switchOff(): void {
    if (this.#state !== 'on') return;
    this.#state = 'off';
    this.#parts.metrics.isOn(this.id, false);
    this.#parts.log.error(
      { uncaughtPerMinute: UNCAUGHT_PER_MINUTE },
      'switched a plugin off on this node until the next start: it throws again and again where nobody catches it',
    );
    void this.#end();
  }

  async #end(): Promise<void> {
    for (const run of this.#whenOff.splice(0)) run();
    const closing = this.#closing.splice(0).map(async (run) => {
      try {
        await this.#within(run, this.#parts.deadlines.closeMs, 'closing');
      } catch (error) {
        this.#report(error, 'a plugin failed while it closed');
      }
    });
    await Promise.all(closing);
  }

  async #within<Result>(run: () => Result | Promise<Result>, ms: number, what: string): Promise<Result> {
    const running = inPlugin(this, run);
    return running instanceof Promise ? await deadline(running, ms, what) : running;
  }

  #report(error: unknown, message: string): void {
    const now = this.#parts.timers.now();
    this.#loggedAt = this.#loggedAt.filter((at) => at > now - MINUTE_MS);
    if (this.#loggedAt.length >= LOGGED_PER_MINUTE) return;
    this.#loggedAt.push(now);
    this.#parts.log.error({ err: error }, message);
  }
}
