/** Whether tests take all the time that a promise speaks of: in `npm run faults` and `npm run proxies`. */
export function isInFull(): boolean {
  return process.env['FAULTS_FULL'] === '1';
}

/**
 * How long a fault lasts: `fullMs` in those, which is what the promise is shown with, and `shortMs` in `npm test`,
 * where nothing but patience would be tested by the difference.
 */
export function lastingMs(fullMs: number, shortMs: number): number {
  return isInFull() ? fullMs : shortMs;
}
