/** What happens to a call to a store; shares of all calls. */
export type CallFaults = {
  /** The request never arrives. */
  readonly lost: number;
  /** It takes effect, and nobody hears so. */
  readonly unheard: number;
  /** It takes effect when its caller has given up long ago. */
  readonly late: number;
  /** It is refused at once and has no effect. */
  readonly refused: number;
  /** It takes effect, and the connection breaks before the answer. */
  readonly reset: number;
  /** The caller dies when it is about to send the request. */
  readonly killedBefore: number;
  /** The caller dies when the request has just taken effect. */
  readonly killedAfter: number;
  /** The caller stands still for a long time when the request has just taken effect, and goes on with its answer. */
  readonly stopped: number;
};

export const NO_CALL_FAULTS: CallFaults = {
  lost: 0,
  unheard: 0,
  late: 0,
  refused: 0,
  reset: 0,
  killedBefore: 0,
  killedAfter: 0,
  stopped: 0,
};

export type Fate =
  | 'fine'
  | 'lost'
  | 'unheard'
  | 'late'
  | 'refused'
  | 'reset'
  | 'killed before'
  | 'killed after'
  | 'stopped';

/** The fate that `draw`, in [0, 1), gives a call. */
export function fateOf(faults: CallFaults, draw: number): Fate {
  const shares: readonly (readonly [Fate, number])[] = [
    ['lost', faults.lost],
    ['unheard', faults.unheard],
    ['late', faults.late],
    ['refused', faults.refused],
    ['reset', faults.reset],
    ['killed before', faults.killedBefore],
    ['killed after', faults.killedAfter],
    ['stopped', faults.stopped],
  ];
  let end = 0;
  for (const [fate, share] of shares) {
    end += share;
    if (draw < end) return fate;
  }
  return 'fine';
}
