import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { DeletedHere, type DocumentLink } from './document-link.ts';
import type { ImportReport } from './import-report.ts';
import { isPassing } from './patient-stores.ts';
import { Slots } from './slots.ts';
import type { WantedDocument } from './wanted-documents.ts';

export type ImportParts = {
  readonly link: (name: string, docId: DocId) => DocumentLink;
  readonly report: ImportReport;
  /** Documents at a time. */
  readonly concurrency: number;
};

/**
 * Brings over `documents`, several at a time. One that fails by itself is reported and stops nobody else; when a store
 * stays away the error of that store is thrown, and running the import again goes on from there.
 */
export async function importDocuments(
  parts: ImportParts,
  documents: readonly WantedDocument[],
): Promise<void> {
  const slots = new Slots(parts.concurrency);
  const failures: unknown[] = [];
  const importOne = async (document: WantedDocument) => {
    // The store that stays away for one document stays away for the others.
    if (failures.length > 0) return;
    await bringOver(parts, document).catch((error) => failures.push(error));
  };
  await Promise.all(documents.map((document) => slots.run(() => importOne(document))));
  if (failures.length > 0) throw failures[0];
}

async function bringOver({ link, report }: ImportParts, { name, docId }: WantedDocument): Promise<void> {
  try {
    await link(name, docId).bringOver();
    report.document();
  } catch (error) {
    if (isPassing(error)) throw error;
    if (error instanceof DeletedHere) report.leftOut(name, error.message);
    else report.leftOut(name, `it failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
