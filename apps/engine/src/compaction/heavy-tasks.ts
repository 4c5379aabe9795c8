import type { RefusalCode } from '../protocol/update-refused.ts';
import type { PackedUpdates } from './packed-updates.ts';

/** What goes to the thread and comes back, where it is more than bytes. */
export type FoldTask = { readonly state: Uint8Array | null; readonly updates: PackedUpdates };

/** Null when the update may enter a document. */
export type CheckAnswer = { readonly code: RefusalCode; readonly message: string } | null;
