/**
 * How long a fault lasts: `fullMs` in `npm run faults`, which is what the promise is shown with, and `shortMs` in
 * `npm test`, where nothing but patience would be tested by the difference.
 */
export function lastingMs(fullMs: number, shortMs: number): number {
  return process.env['FAULTS_FULL'] === '1' ? fullMs : shortMs;
}
