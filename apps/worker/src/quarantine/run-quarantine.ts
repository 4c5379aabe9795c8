import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { QuarantinedItemWithBytes } from '@kryton/engine/compaction/quarantine.ts';
import { formatPosition } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { QuarantineCommand } from './command-line.ts';
import { jsonOf, tableOf } from './item-table.ts';
import { type QuarantineParts, Refusal } from './quarantine-parts.ts';
import { releaseEntry } from './release-entry.ts';
import { showItem } from './show-item.ts';
import { foldAndWatch } from './watch-fold.ts';

/**
 * Does what the operator asked for and resolves with the exit code: 0 done, 1 not folded or set aside again.
 *
 * Throws a {@link Refusal}, or the error of the store that does not answer.
 */
export async function runQuarantine(
  command: Exclude<QuarantineCommand, { kind: 'help' }>,
  parts: QuarantineParts,
): Promise<0 | 1> {
  switch (command.kind) {
    case 'list':
      return await list(parts, command);
    case 'show': {
      for (const line of await showItem(parts, await itemOf(parts, command.id))) parts.print(line);
      return 0;
    }
    case 'export':
      return await exportBytes(parts, command);
    case 'release-item': {
      const item = await itemOf(parts, command.id);
      if (item.kind === 'entry') return await releaseItem(parts, item, command);
      if (command.repairedFile !== null) {
        throw new Refusal(
          `item ${item.id} is a document: --from is for entries; repair its row in document_snapshots and release it without`,
        );
      }
      return await releaseDocument(parts, item.docId, command.waitMs);
    }
    case 'release-document':
      return await releaseDocument(parts, command.docId, command.waitMs);
    case 'discard':
      return await discard(parts, command.id);
  }
}

async function list(
  { quarantine, print }: QuarantineParts,
  { docId, limit, withReleased, isJson }: Extract<QuarantineCommand, { kind: 'list' }>,
): Promise<0> {
  const items = await quarantine.list({ limit, withReleased, ...(docId === null ? {} : { docId }) });
  if (isJson) {
    for (const item of items) print(jsonOf(item));
    return 0;
  }
  if (items.length === 0) {
    print(docId === null ? 'Nothing is set aside.' : `Nothing of ${docId} is set aside.`);
    return 0;
  }
  for (const line of tableOf(items)) print(line);
  const { documents, entries } = await quarantine.count();
  print('');
  print(
    `Set aside now: ${entries} entries, ${documents} documents. Look at one: npm run quarantine -- show <id>`,
  );
  return 0;
}

async function itemOf({ quarantine }: QuarantineParts, id: number): Promise<QuarantinedItemWithBytes> {
  const item = await quarantine.find(id);
  if (item) return item;
  throw new Refusal(`there is no item ${id}: npm run quarantine lists what is set aside`);
}

async function exportBytes(
  parts: QuarantineParts,
  { id, file }: Extract<QuarantineCommand, { kind: 'export' }>,
): Promise<0> {
  const item = await itemOf(parts, id);
  const bytes = item.bytes ?? (await parts.snapshots.load(item.docId))?.state;
  if (!bytes)
    throw new Refusal(`the document ${item.docId} has no stored snapshot: there is nothing to export`);
  try {
    await writeFile(resolve(parts.directory, file), bytes, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const because = isThere ? 'it exists already' : String(cause);
    throw new Refusal(`${file} cannot be written (${because}): give another file`, { cause });
  }
  const what = item.bytes ? `entry ${id}` : `the stored snapshot of ${item.docId}`;
  parts.print(`${bytes.length} bytes of ${what} are in ${file}`);
  return 0;
}

async function releaseItem(
  parts: QuarantineParts,
  item: QuarantinedItemWithBytes,
  { repairedFile, isRepeated, waitMs }: Extract<QuarantineCommand, { kind: 'release-item' }>,
): Promise<0 | 1> {
  const repaired = repairedFile === null ? null : await readRepaired(resolve(parts.directory, repairedFile));
  const lastItem = await newestItem(parts, item.docId);
  const position = await releaseEntry(parts, item, repaired, isRepeated);
  parts.print(`released: entry ${item.id} was appended to ${item.docId} as ${formatPosition(position)}`);
  return (await foldAndWatch(parts, item.docId, position, lastItem, waitMs)) ? 0 : 1;
}

async function readRepaired(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Refusal(`${file} cannot be read (${String(cause)}): give the file with the repaired bytes`, {
      cause,
    });
  }
}

async function releaseDocument(parts: QuarantineParts, docId: DocId, waitMs: number): Promise<0 | 1> {
  const { quarantine, log, print } = parts;
  const lastItem = await newestItem(parts, docId);
  if (!(await quarantine.release(docId))) {
    const entries = await quarantine.list({ limit: 1, docId });
    const hint =
      entries.length > 0
        ? `entries of it are: list --doc ${docId}, then release <id>`
        : 'npm run quarantine lists what is';
    throw new Refusal(`the document ${docId} is not set aside as a whole; ${hint}`);
  }
  print(`released: the document ${docId} is folded again`);
  const [head] = await log.heads([docId]);
  if (!head || head.isEmpty) {
    print('its log is empty, so there is nothing to fold');
    return 0;
  }
  return (await foldAndWatch(parts, docId, head.last, lastItem, waitMs)) ? 0 : 1;
}

async function newestItem({ quarantine }: QuarantineParts, docId: DocId): Promise<number> {
  const [newest] = await quarantine.list({ limit: 1, docId, withReleased: true });
  return newest?.id ?? 0;
}

async function discard(parts: QuarantineParts, id: number): Promise<0> {
  const item = await itemOf(parts, id);
  if (item.kind === 'document') {
    throw new Refusal(
      `item ${id} is a document, which has nothing to discard: npm run quarantine -- release --doc ${item.docId} has it folded again`,
    );
  }
  await parts.quarantine.discard(id);
  parts.print(`discarded: entry ${id} of ${item.docId}, ${item.sizeBytes} bytes`);
  return 0;
}
