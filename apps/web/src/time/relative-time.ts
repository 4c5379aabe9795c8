const FORMAT = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** Each unit with its length, the longest first. Months and years by their average. */
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_556_952_000],
  ['month', 2_629_746_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** How long ago or ahead `iso` lies, as "5 minutes ago"; less than a minute is "just now". Times are ms since 1970. */
export function relativeTime(iso: string, nowMs: number): string {
  const distance = Date.parse(iso) - nowMs;
  if (Number.isNaN(distance)) return 'at an unknown time';
  for (const [unit, length] of UNITS) {
    if (Math.abs(distance) >= length) return FORMAT.format(Math.trunc(distance / length), unit);
  }
  return distance > 0 ? 'in a moment' : 'just now';
}
