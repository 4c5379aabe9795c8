import { DeadlineExceeded, deadline } from './deadline.ts';

/**
 * One part of a process: it is started in the order of the list, drained and stopped in the reverse order, and every
 * step has a deadline.
 */
export type Service = {
  readonly name: string;
  /** Resolves when the part is ready for the next one to build on; rejects when the process cannot start. */
  run(): Promise<void>;
  /** Leaves without being noticed: what is under way is finished, nothing new is taken. */
  drain?(): Promise<void>;
  /** Ends what is left. Called once, also when `run` or `drain` failed or hangs. */
  stop(): Promise<void>;
};

/** How long each step of one service may take, in ms. */
export type StepDeadlines = { readonly startMs: number; readonly drainMs: number; readonly stopMs: number };

export type StepFailure = {
  readonly service: string;
  readonly step: 'start' | 'drain' | 'stop';
  readonly error: Error;
};

type State = 'new' | 'starting' | 'running' | 'draining' | 'stopping' | 'stopped';

/** Starts services in order and ends them in reverse, whatever fails on the way. */
export class Lifecycle {
  readonly #services: readonly Service[];
  readonly #deadlines: StepDeadlines;
  readonly #started: Service[] = [];
  #state: State = 'new';
  #ending: Promise<readonly StepFailure[]> | undefined;

  constructor(services: readonly Service[], deadlines: StepDeadlines) {
    this.#services = services;
    this.#deadlines = deadlines;
  }

  get state(): State {
    return this.#state;
  }

  /**
   * Starts one service after the other. When one fails or hangs, what was started is stopped again (it too: it may
   * hold something already), and the error is thrown: the service's own, or a {@link DeadlineExceeded}.
   */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new TypeError('a Lifecycle starts once');
    this.#state = 'starting';
    for (const service of this.#services) {
      if (this.#isEnding()) return;
      this.#started.push(service);
      try {
        await deadline(service.run(), this.#deadlines.startMs, `starting ${service.name}`);
      } catch (error) {
        await this.end({ drain: false });
        throw error;
      }
    }
    if (!this.#isEnding()) this.#state = 'running';
  }

  /**
   * Drains (unless told not to), then stops, in the reverse order of the start. Completes although a step fails or
   * hangs, and resolves with what failed. Calling it again gives the same answer.
   */
  end({ drain = true }: { readonly drain?: boolean } = {}): Promise<readonly StepFailure[]> {
    this.#ending ??= this.#end(drain);
    return this.#ending;
  }

  async #end(drain: boolean): Promise<readonly StepFailure[]> {
    const failures: StepFailure[] = [];
    const { drainMs, stopMs } = this.#deadlines;
    if (drain) {
      this.#state = 'draining';
      for (const service of this.#started.toReversed()) {
        const failed = await attempt(service, 'drain', drainMs, async () => service.drain?.());
        if (failed !== null) failures.push(failed);
      }
    }
    this.#state = 'stopping';
    for (const service of this.#started.toReversed()) {
      const failed = await attempt(service, 'stop', stopMs, () => service.stop());
      if (failed !== null) failures.push(failed);
    }
    this.#state = 'stopped';
    return failures;
  }

  #isEnding(): boolean {
    return this.#ending !== undefined;
  }
}

async function attempt(
  { name }: Service,
  step: 'drain' | 'stop',
  ms: number,
  run: () => Promise<void>,
): Promise<StepFailure | null> {
  try {
    await deadline(run(), ms, `${step === 'drain' ? 'draining' : 'stopping'} ${name}`);
    return null;
  } catch (error) {
    return { service: name, step, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** One line for the log. */
export function describeFailure({ service, step, error }: StepFailure): string {
  if (error instanceof DeadlineExceeded) return `${service} did not ${step} within ${error.afterMs} ms`;
  return `${service} failed to ${step}: ${error.message}`;
}
