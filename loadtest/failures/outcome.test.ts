import { describe, expect, it } from 'vitest';
import { convergenceInWords, type Outcome, summarize } from './outcome.ts';
import { type FailureReport, markdownOf } from './report.ts';

const outcome = (parts: Partial<Outcome>): Outcome => ({
  what: 'both stay',
  typed: 10,
  isTold: true,
  acknowledged: 10,
  onClients: 10,
  forNewcomer: 10,
  afterRestart: 10,
  convergedMs: 200,
  notes: [],
  ...parts,
});

describe('the rounds of one case', () => {
  it('are added up, and a client that lacks something in one of them is not made up for by another', () => {
    const summary = summarize([outcome({ onClients: 3 }), outcome({ forNewcomer: 0, afterRestart: 9 })]);
    expect(summary).toMatchObject({
      rounds: 2,
      acknowledged: 20,
      onClients: 13,
      forNewcomer: 10,
      afterRestart: 19,
    });
  });

  it('say that nobody stayed where nobody did', () => {
    expect(summarize([outcome({ onClients: null }), outcome({})]).onClients).toBeNull();
  });

  it.each([
    [[200, 210], '0.2 s'],
    [[200, 1_400], '0.2 to 1.4 s'],
    [['never', 'never'], '**never within 30 s**'],
    [['never', 300], '0.3 s; **1 of 2 times never within 30 s**'],
    [[null, null], ''],
  ] as const)('%j converge: %s', (times, words) => {
    const summary = summarize(times.map((convergedMs) => outcome({ convergedMs })));
    expect(convergenceInWords(summary)).toBe(words);
  });

  it('tell how often something else happened', () => {
    const rounds = [outcome({ notes: ['node 1 ended by itself'] }), outcome({}), outcome({})];
    expect(summarize(rounds).notes).toEqual(['node 1 ended by itself (1 of 3 times)']);
  });
});

it('the table shows in bold what was acknowledged and is gone', () => {
  const report: FailureReport = {
    ...{ date: '2026-01-01', commit: 'abc', node: 'v24', redis: '7', cpu: 'some', cores: 2, rounds: 1 },
    systems: [{ name: 'some', acknowledgement: 'a nod', configuration: 'defaults' }],
    failures: [
      { id: 'killed', story: 'It is killed.' },
      { id: 'refused', story: 'It is refused.' },
    ],
    results: [
      {
        failure: 'killed',
        system: 'some',
        cases: [
          summarize([outcome({ onClients: null, forNewcomer: 0, convergedMs: null })]),
          summarize([outcome({ what: 'nobody is told', isTold: false, acknowledged: 4, onClients: 4 })]),
        ],
      },
      { failure: 'refused', system: 'some', cases: null },
    ],
  };
  const lines = markdownOf(report).split('\n');
  expect(lines).toContain('| some | both stay | 10 | 10 |  | **0** | 10 |  |  |');
  expect(lines).toContain('| some | nobody is told | 10 | none; 4 delivered | **4** | 10 | 10 | 0.2 s |  |');
  expect(lines).toContain('| some | does not save outside of Redis | | | | | | | |');
});
