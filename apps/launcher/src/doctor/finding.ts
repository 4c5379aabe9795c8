/** What one check has found; `unknown` when it could not be looked at, and why. */
export type Finding = {
  readonly check: string;
  readonly verdict: 'ok' | 'wrong' | 'unknown';
  readonly found: string;
  /** What to do about it; of what is wrong. */
  readonly fix?: string;
};

/** Makes the findings of one check. */
export function findingsOf(check: string) {
  return {
    ok: (found: string): Finding => ({ check, verdict: 'ok', found }),
    wrong: (found: string, fix: string): Finding => ({ check, verdict: 'wrong', found, fix }),
    unknown: (found: string): Finding => ({ check, verdict: 'unknown', found }),
  };
}

const MARKS = { ok: 'ok   ', wrong: 'WRONG', unknown: '?    ' } as const;
const CHECK_WIDTH = 12;

/** A line for each, and one for what to do. */
export function describeFinding({ check, verdict, found, fix }: Finding): string {
  const line = `${MARKS[verdict]}  ${check.padEnd(CHECK_WIDTH)} ${found}`;
  return fix === undefined ? line : `${line}\n       ${''.padEnd(CHECK_WIDTH)} -> ${fix}`;
}
