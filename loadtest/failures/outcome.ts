/** What became of the edits of one document in one failure. */
export type Outcome = {
  /** Which of the failure's cases; one failure may be looked at from several documents. */
  readonly what: string;
  readonly typed: number;
  /** Whether the system acknowledges edits; where it does not, `acknowledged` is what was delivered to another client. */
  readonly isTold: boolean;
  readonly acknowledged: number;
  /**
   * Of the acknowledged, or of all that were typed where nothing is acknowledged: what each client who stayed has; null
   * when nobody stayed.
   */
  readonly onClients: number | null;
  /** Of the same: what a newcomer finds, on the node where it finds least. */
  readonly forNewcomer: number;
  /** The same after everybody had left and all nodes had been restarted in order. */
  readonly afterRestart: number;
  /**
   * Until all who stayed held the same, in ms from the moment that the failure names; 'never' when they did not within
   * 30 s; null when fewer than two stayed, or when the failure takes nothing from them.
   */
  readonly convergedMs: number | 'never' | null;
  /** What else happened, in words. */
  readonly notes: readonly string[];
};

/** The outcomes of several rounds together. */
export type Summary = Omit<Outcome, 'convergedMs'> & {
  readonly rounds: number;
  /** Of the rounds in which they converged. */
  readonly convergedMs: { readonly fastest: number; readonly slowest: number } | null;
  /** Rounds in which they never did. */
  readonly never: number;
};

/** Adds up the rounds of one case. */
export function summarize(outcomes: readonly Outcome[]): Summary {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, each) => total + of(each), 0);
  const times = outcomes.flatMap(({ convergedMs }) => (typeof convergedMs === 'number' ? convergedMs : []));
  const notes = [...new Set(outcomes.flatMap((outcome) => outcome.notes))];
  return {
    what: outcomes[0]?.what ?? '',
    rounds: outcomes.length,
    isTold: outcomes.every(({ isTold }) => isTold),
    typed: sum(({ typed }) => typed),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    onClients: outcomes.some(({ onClients }) => onClients === null)
      ? null
      : sum(({ onClients }) => onClients ?? 0),
    forNewcomer: sum(({ forNewcomer }) => forNewcomer),
    afterRestart: sum(({ afterRestart }) => afterRestart),
    convergedMs: times.length === 0 ? null : { fastest: Math.min(...times), slowest: Math.max(...times) },
    never: outcomes.filter(({ convergedMs }) => convergedMs === 'never').length,
    notes: notes.map((note) => {
      const times = outcomes.filter((outcome) => outcome.notes.includes(note)).length;
      return times === outcomes.length ? note : `${note} (${times} of ${outcomes.length} times)`;
    }),
  };
}

/** "0.2 to 0.4 s", "never within 30 s", "0.2 s; 2 of 3 times never within 30 s", "" where nobody could. */
export function convergenceInWords({ convergedMs, never, rounds }: Summary): string {
  if (convergedMs === null) return never === 0 ? '' : '**never within 30 s**';
  const [fastest, slowest] = [convergedMs.fastest, convergedMs.slowest].map((ms) => (ms / 1_000).toFixed(1));
  const times = fastest === slowest ? `${fastest} s` : `${fastest} to ${slowest} s`;
  return never === 0 ? times : `${times}; **${never} of ${rounds} times never within 30 s**`;
}
