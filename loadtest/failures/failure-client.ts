import type * as Y from 'yjs';

/** A stock provider with a document of its own, that types tokens and writes down what it was told of them. */
export type FailureClient = {
  readonly name: string;
  readonly doc: Y.Doc;
  readonly isSynced: boolean;
  readonly typed: ReadonlySet<string>;
  /** Of what it typed, what the server acknowledged; null where a server acknowledges nothing. */
  readonly acknowledged: ReadonlySet<string> | null;
  /** Types one token at the end, connected or not. */
  type(): void;
  /** Goes away for good, with its document. */
  close(): void;
};
