import { setTimeout as pause } from 'node:timers/promises';
import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';

const AGAIN_AFTER_MS = 500;

/** A process that is started again when it ends by itself, as whatever runs it in production would do. */
export class Supervised {
  readonly #launch: () => Promise<RunningProcess>;
  #running: RunningProcess | null = null;
  #isWanted = false;
  #restarting: Promise<void> = Promise.resolve();
  #ends = 0;

  /** `launch` starts the process and resolves when it is ready. */
  constructor(launch: () => Promise<RunningProcess>) {
    this.#launch = launch;
  }

  /** How often it has ended although nobody had ended it. */
  get ends(): number {
    return this.#ends;
  }

  async start(): Promise<void> {
    this.#isWanted = true;
    this.#watch(await this.#launch());
  }

  /** Ends it; SIGKILL when it is not gone after 10 s. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#isWanted = false;
    await this.#restarting;
    await this.#running?.stop({ signal });
    this.#running = null;
  }

  #watch(running: RunningProcess): void {
    this.#running = running;
    void running.exited.then(() => {
      if (!this.#isWanted || this.#running !== running) return;
      this.#ends += 1;
      this.#restarting = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    while (this.#isWanted) {
      try {
        this.#watch(await this.#launch());
        return;
      } catch {
        await pause(AGAIN_AFTER_MS);
      }
    }
  }
}
