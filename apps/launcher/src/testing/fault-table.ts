import { markedSection } from '@kryton/engine/config/marked-section.ts';

/** Where the page of the promise shows the table. */
export const FAULT_TABLE = markedSection('faults', 'docs:faults');

/** One line of what `recordRecovery` notes: the fault, and figures by name; a name that ends in `Ms` is a time. */
type Row = { readonly fault: string; readonly [figure: string]: number | string };

/** The recorded faults (JSON, one a line) as a Markdown table. Throws an Error that names a line it cannot read. */
export function faultTable(records: string): string {
  const lines = records.split('\n').filter((line) => line !== '');
  const rows = lines.map((line) => {
    const { fault, ...figures } = read(line);
    const measured = Object.entries(figures).map(([name, value]) => `${wordsOf(name)} ${shown(name, value)}`);
    return `| ${fault} | ${measured.join(', ')} |`;
  });
  return ['| fault | measured |', '| --- | --- |', ...rows].join('\n');
}

function read(line: string): Row {
  const row: unknown = JSON.parse(line);
  if (typeof row === 'object' && row !== null && 'fault' in row && typeof row.fault === 'string')
    return row as Row;
  throw new Error(`a record names no fault: ${line}`);
}

/** `recoveredMs` -> `recovered`, `slowestAckMs` -> `slowest ack`. */
function wordsOf(name: string): string {
  return name
    .replace(/Ms$/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}

function shown(name: string, value: number | string): string {
  if (!name.endsWith('Ms') || typeof value !== 'number') return String(value);
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}
