import type { QuarantinedItem } from '@kryton/engine/compaction/quarantine.ts';
import { formatPosition } from '@kryton/engine/log/position.ts';

const HEAD = ['ID', 'KIND', 'DOCUMENT', 'POSITION', 'BYTES', 'WHEN', 'REASON'] as const;
const REASON_CHARS = 90;

/** Items as lines with aligned columns, the reasons shortened. */
export function tableOf(items: readonly QuarantinedItem[]): string[] {
  const rows = [HEAD, ...items.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function rowOf(item: QuarantinedItem): string[] {
  const { id, kind, docId, position, sizeBytes, at } = item;
  const reason = printable(item.reason);
  return [
    String(id),
    item.release.kind === 'none' ? kind : `${kind} (${releaseWord(item)})`,
    docId,
    formatPosition(position),
    kind === 'entry' ? String(sizeBytes) : '',
    timeOf(at),
    reason.length > REASON_CHARS ? `${reason.slice(0, REASON_CHARS - 1)}…` : reason,
  ];
}

function releaseWord({ release }: QuarantinedItem): string {
  return release.kind === 'released' ? 'released' : 'release began';
}

/** An item for programs: one JSON object on a line. */
export function jsonOf({ position, at, release, ...item }: QuarantinedItem): string {
  const told = {
    state: release.kind,
    ...(release.kind === 'none' ? {} : { at: release.at.toISOString() }),
    ...(release.kind === 'released' ? { position: formatPosition(release.position) } : {}),
  };
  return JSON.stringify({ ...item, position: formatPosition(position), at: at.toISOString(), release: told });
}

/** UTC, to the second. */
export function timeOf(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

/** A reason may quote names from elsewhere; what steers a terminal does not reach it. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
