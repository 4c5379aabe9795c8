import { describe, expect, it } from 'vitest';
import { StartupError } from '../lifecycle/startup-error.ts';
import { parseMigrateCommand } from './migrate-command.ts';
import { waitForSchema } from './wait-for-schema.ts';

/** Waits with a clock of the test: each answer of `answers` is one look, the last one repeats. */
async function waiting(answers: readonly (Error | null)[], withinMs: number) {
  let clockMs = 0;
  let looks = 0;
  const told: string[] = [];
  const outcome = await waitForSchema({
    check: async () => {
      const answer = answers[Math.min(looks++, answers.length - 1)];
      if (answer) throw answer;
    },
    withinMs,
    now: () => clockMs,
    pause: async (ms) => {
      clockMs += ms;
    },
    onWaiting: (reason) => told.push(reason),
  }).then(
    () => 'there',
    (error: unknown) => error,
  );
  return { outcome, told, looks, clockMs };
}

describe('waitForSchema', () => {
  it('resolves at once when the schema is there', async () => {
    expect(await waiting([null], 1_000)).toEqual({ outcome: 'there', told: [], looks: 1, clockMs: 0 });
  });

  it('waits through an unreachable database and missing migrations, and tells each reason once', async () => {
    const away = new StartupError('PostgreSQL is unreachable');
    const missing = new StartupError('PostgreSQL is not migrated');
    const { outcome, told } = await waiting([away, away, missing, missing, null], 60_000);
    expect(outcome).toBe('there');
    expect(told).toEqual([away.message, missing.message]);
  });

  it('gives up in time, with the last reason', async () => {
    const { outcome, clockMs } = await waiting([new StartupError('not migrated (0001)')], 10_000);
    expect(outcome).toBeInstanceOf(StartupError);
    expect(String(outcome)).toContain('not there within 10 s: not migrated (0001)');
    expect(clockMs).toBeLessThanOrEqual(10_000);
  });

  it('does not wait for a defect of ours to go away', async () => {
    const defect = new TypeError('a defect');
    expect(await waiting([defect], 10_000)).toMatchObject({ outcome: defect, looks: 1 });
  });
});

describe('parseMigrateCommand', () => {
  it('knows what it may be asked', () => {
    expect(parseMigrateCommand([])).toEqual({ kind: 'migrate' });
    expect(parseMigrateCommand(['--check'])).toEqual({ kind: 'check' });
    expect(parseMigrateCommand(['--wait'])).toEqual({ kind: 'wait', withinMs: 300_000 });
    expect(parseMigrateCommand(['--wait=90'])).toEqual({ kind: 'wait', withinMs: 90_000 });
  });

  it.each([[['--wait=0']], [['--wait=']], [['--wait', '--check']], [['check']]])(
    'answers %j with the usage and migrates nothing',
    (args) => {
      expect(() => parseMigrateCommand(args)).toThrow(/usage: npm run migrate/);
    },
  );
});
