import type { QuarantinedItemWithBytes } from '@kryton/engine/compaction/quarantine.ts';
import { formatPosition } from '@kryton/engine/log/position.ts';
import { describeUpdate, hexOf } from './describe-update.ts';
import { printable, timeOf } from './item-table.ts';
import { judgeUpdate } from './judge-update.ts';
import type { QuarantineParts } from './quarantine-parts.ts';

type Lines = readonly (readonly [label: string, text: string])[];

/** Everything an operator can know about one item, as lines. Rejects with the error of a store that does not answer. */
export async function showItem(parts: QuarantineParts, item: QuarantinedItemWithBytes): Promise<string[]> {
  const { id, kind, docId, position, at, reason } = item;
  const head: Lines = [
    [
      'item',
      `${id}, ${kind === 'entry' ? 'an entry of' : 'the document'} ${docId}${kind === 'entry' ? '' : ' as a whole'}`,
    ],
    ['set aside', `${timeOf(at)}, because ${printable(reason)}`],
  ];
  const rest =
    item.bytes === null
      ? await documentLines(parts, item)
      : [['stood at', formatPosition(position)] as const, ...(await entryLines(parts, item, item.bytes))];
  return [...head, ...rest].map(([label, text]) => `${label.padEnd(12)}${text}`);
}

async function entryLines(
  parts: QuarantineParts,
  { id, docId, release }: QuarantinedItemWithBytes,
  bytes: Uint8Array,
): Promise<Lines> {
  const { guard, yjs } = await judgeUpdate(parts, docId, bytes);
  const passes = guard === null && yjs === null;
  const next = passes
    ? `npm run quarantine -- release ${id}`
    : `npm run quarantine -- export ${id} --to file, repair it, then release ${id} --from file; or discard ${id} --yes`;
  return [
    ['size', `${bytes.length} bytes`],
    ['bytes', hexOf(bytes)],
    ['holds', describeUpdate(bytes)],
    ['guard', guard === null ? 'accepts it' : `refuses it: ${printable(guard)}`],
    ['Yjs', yjs === null ? 'applies it' : `refuses it: ${printable(yjs)}`],
    ...(release.kind === 'began'
      ? [
          [
            'release',
            `began ${timeOf(release.at)} and did not come to its end: it may be in the log`,
          ] as const,
        ]
      : []),
    release.kind === 'released'
      ? ['release', `done ${timeOf(release.at)}: appended as ${formatPosition(release.position)}`]
      : ['next', next],
  ];
}

async function documentLines(
  { snapshots, log, heavy }: QuarantineParts,
  { id, docId }: QuarantinedItemWithBytes,
): Promise<Lines> {
  const snapshot = await snapshots.load(docId);
  const [head] = await log.heads([docId]);
  const stored = snapshot && `${snapshot.state.length} bytes at ${formatPosition(snapshot.position)}`;
  const unreadable = snapshot && (await whyUnreadable(heavy, snapshot.state));
  return [
    ['snapshot', stored ?? 'none'],
    ...(snapshot
      ? ([
          ['bytes', hexOf(snapshot.state)],
          ['holds', describeUpdate(snapshot.state)],
          ['Yjs', unreadable ? `refuses it: ${printable(unreadable)}` : 'reads it'],
        ] as const)
      : []),
    ['log', head ? `up to ${formatPosition(head.last)}; nothing of it is trimmed meanwhile` : 'none'],
    [
      'next',
      unreadable
        ? `export ${id} --to file shows the snapshot; put one that can be read into document_snapshots (a backup), then release ${docId}`
        : `npm run quarantine -- release --doc ${docId}`,
    ],
  ];
}

async function whyUnreadable(heavy: QuarantineParts['heavy'], state: Uint8Array): Promise<string | null> {
  try {
    const folded = await heavy.fold(state, []);
    return folded.kind === 'unreadable' ? folded.reason : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
