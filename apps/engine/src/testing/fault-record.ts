import { appendFileSync } from 'node:fs';

/**
 * Notes what a fault test measured, as one JSON line in the file that the variable `FAULTS_RECORD` names; does
 * nothing where it is not set. Times are in ms, and say so in their names.
 */
export function recordRecovery(fault: string, figures: Readonly<Record<string, number | string>>): void {
  const file = process.env['FAULTS_RECORD'];
  if (file) appendFileSync(file, `${JSON.stringify({ fault, ...figures })}\n`);
}
