/** A row that vanished at once would be missed by whoever looked away. */
const SHOWN_MS = 8_000;

/** Remembers for a moment who was there and is no more. */
export class Departures<Process extends { readonly id: string }> {
  #present: readonly Process[] = [];
  #left: { readonly process: Process; readonly atMs: number }[] = [];

  /** Those who are there now, then those who left lately, each with whether it left. */
  with(processes: readonly Process[], nowMs: number): (readonly [Process, boolean])[] {
    const isThere = ({ id }: Process) => processes.some((process) => process.id === id);
    const gone = this.#present.filter((process) => !isThere(process));
    this.#left = [...this.#left, ...gone.map((process) => ({ process, atMs: nowMs }))].filter(
      ({ process, atMs }) => nowMs - atMs < SHOWN_MS && !isThere(process),
    );
    this.#present = processes;
    return [
      ...processes.map((process) => [process, false] as const),
      ...this.#left.map(({ process }) => [process, true] as const),
    ];
  }
}
