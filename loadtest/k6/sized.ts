import type { Shape } from './load-plan.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;
/** A Yjs client's id has 16 bits for the session. */
const MOST_SESSIONS = 0xffff;

/** The shape with as many sessions and for as long as the command was told. Throws an Error for what is neither. */
export function sized(
  shape: Shape,
  told: { readonly sessions?: string | undefined; readonly duration?: string | undefined },
): Shape {
  const sessions = told.sessions === undefined ? shape.sessions : sessionsIn(told.sessions);
  const runMs = told.duration === undefined ? shape.runMs : durationIn(told.duration);
  return { ...shape, sessions, runMs };
}

function sessionsIn(text: string): number {
  const sessions = Number(text);
  if (Number.isInteger(sessions) && sessions >= 2 && sessions <= MOST_SESSIONS) return sessions;
  throw new Error(`--sessions "${text}" is no whole number from 2 to ${MOST_SESSIONS}`);
}

function durationIn(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? 0);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw new Error(`--duration "${text}" is none of 30s, 5m, 2h, up to 24h`);
}
