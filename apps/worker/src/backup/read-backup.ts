import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BadBackup,
  type DocumentLine,
  FILES,
  type Manifest,
  parseDocumentLine,
  parseManifest,
  type StoredState,
  statePath,
} from './backup-format.ts';
import { linesOf, sha256OfFile } from './line-file.ts';

/** Throws {@link BadBackup} when there is none, or it is of another format. */
export async function readManifest(directory: string): Promise<Manifest> {
  const text = await readFile(join(directory, FILES.manifest), 'utf8').catch((cause: unknown) => {
    throw new BadBackup(
      `${directory} is no backup, or one that was not finished: it has no ${FILES.manifest}`,
      {
        cause,
      },
    );
  });
  return parseManifest(text);
}

/** The documents of a backup, one at a time. Throws {@link BadBackup}. */
export async function* documentsOf(directory: string): AsyncIterable<DocumentLine> {
  for await (const line of linesOf(join(directory, FILES.documents))) yield parseDocumentLine(line);
}

/** The bytes of a state, as they were written. Throws {@link BadBackup} when they are not. */
export async function readStateOf(
  directory: string,
  { id, state }: Pick<DocumentLine, 'id'> & { readonly state: StoredState },
): Promise<Buffer> {
  const path = statePath(state.sha256);
  const bytes = await readFile(join(directory, path)).catch((cause: unknown) => {
    throw new BadBackup(`the state of ${id} cannot be read: ${path}`, { cause });
  });
  if (bytes.length === state.bytes && createHash('sha256').update(bytes).digest('hex') === state.sha256)
    return bytes;
  throw new BadBackup(`the state of ${id} is not what was written: ${path} was changed or cut off`);
}

/**
 * Reads every byte of a backup and compares it with its checksum; the result is its manifest. Throws {@link BadBackup}
 * at the first that is wrong.
 */
export async function verifyBackup(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory);
  for (const kind of ['documents', 'accounts'] as const) {
    const found = await sha256OfFile(join(directory, FILES[kind])).catch(() => null);
    if (found !== manifest.sha256[kind])
      throw new BadBackup(`${FILES[kind]} is not what was written: it was changed, cut off or taken away`);
  }
  for await (const { id, state } of documentsOf(directory)) {
    if (state) await readStateOf(directory, { id, state });
  }
  return manifest;
}
