import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { pin } from '../cores.ts';
import type { LoopDelay } from './loop-probe.ts';

/** What was seen in one spell; of the seconds' p99 the median. */
export type LoopSpell = LoopDelay & {
  /** The longest delay of each second. */
  readonly eachSecondMs: readonly number[];
};

/** The node and the control beside it. */
export type WatchedLoops = { readonly node: LoopSpell; readonly control: LoopSpell };

type Look = { readonly node: LoopDelay; readonly control: LoopDelay };

const PROBE = new URL('./loop-probe.ts', import.meta.url);
const EVERY_MS = 1_000;
/** A loop that is held up answers late, and that is what is to be seen. */
const ANSWER_WITHIN_MS = 60_000;

/** Variables of a node that can be watched at `port`. */
export function probed(port: number): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import ${PROBE.href}`, LOOP_PROBE_PORT: String(port) };
}

/** Watches how late a node's event loop runs, from inside it, and that of a process which does nothing on its core. */
export class LoopWatch {
  readonly #nodePort: number;
  readonly #controlPort: number;
  readonly #control: RunningProcess;

  private constructor(nodePort: number, controlPort: number, control: RunningProcess) {
    this.#nodePort = nodePort;
    this.#controlPort = controlPort;
    this.#control = control;
  }

  /** Of the node that is {@link probed} at `nodePort`; the control runs on `core`. */
  static async start(nodePort: number, core: number): Promise<LoopWatch> {
    const controlPort = await freePort();
    const control = await startProcess({
      name: 'control',
      command: process.execPath,
      args: [fileURLToPath(PROBE)],
      env: { LOOP_PROBE_PORT: String(controlPort) },
      ready: () => delayAt(controlPort),
    });
    pin(core, [control.pid]);
    return new LoopWatch(nodePort, controlPort, control);
  }

  /** Watches for as long as `spell` takes. Rejects as it does, or when the node does not answer. */
  async during<Result>(
    spell: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly loops: WatchedLoops }> {
    await this.#look();
    const looks: Look[] = [];
    let isOver = false;
    const result = spell().finally(() => {
      isOver = true;
    });
    // Its failure is thrown below.
    const over = result.then(
      () => {},
      () => {},
    );
    while (!isOver) {
      await Promise.race([over, passed(EVERY_MS)]);
      looks.push(await this.#look());
    }
    const of = (which: keyof Look) => spellOf(looks.map((look) => look[which]));
    return { result: await result, loops: { node: of('node'), control: of('control') } };
  }

  async stop(): Promise<void> {
    await this.#control.stop();
  }

  async #look(): Promise<Look> {
    const [node, control] = await Promise.all([delayAt(this.#nodePort), delayAt(this.#controlPort)]);
    return { node, control };
  }
}

function spellOf(looks: readonly LoopDelay[]): LoopSpell {
  const p99s = looks.map(({ p99Ms }) => p99Ms).toSorted((a, b) => a - b);
  return {
    p99Ms: p99s[Math.floor(p99s.length / 2)] ?? 0,
    maxMs: Math.max(...looks.map(({ maxMs }) => maxMs)),
    maxWorkMs: Math.max(...looks.map(({ maxWorkMs }) => maxWorkMs)),
    eachSecondMs: looks.map(({ maxMs }) => Math.round(maxMs * 10) / 10),
  };
}

async function delayAt(port: number): Promise<LoopDelay> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  return (await answer.json()) as LoopDelay;
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
