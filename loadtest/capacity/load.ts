/** Documents of one kind, and what goes on in each. */
export type Kind = {
  readonly documents: number;
  /** Connections to each document, and how many of them edit. */
  readonly people: number;
  readonly editors: number;
  /** Of one editor. */
  readonly editsPerS: number;
};

/** What a cluster is to bear. */
export type Load = {
  readonly kinds: readonly Kind[];
  /** Connections that are opened each second: people who come, and those who come back. */
  readonly opensPerS: number;
  /** Whether the people of a document are all on one node, as a proxy that hashes by document arranges; else anywhere. */
  readonly isApart: boolean;
};

export function connectionsOf({ kinds }: Load): number {
  return kinds.reduce((sum, { documents, people }) => sum + documents * people, 0);
}

/**
 * An organisation in its working hours, by its connections: 60 of 100 are pages that stay open, two people each; 35 are
 * in documents of five of whom two type now and then; five are in meetings of fifty, ten of whom write. Everybody comes
 * back once an hour.
 */
export function organisation(connections: number): Load {
  const documents = (share: number, people: number) => Math.round((connections * share) / people);
  return {
    kinds: [
      { documents: documents(0.6, 2), people: 2, editors: 0, editsPerS: 0 },
      { documents: documents(0.35, 5), people: 5, editors: 2, editsPerS: 0.5 },
      { documents: documents(0.05, 50), people: 50, editors: 10, editsPerS: 1 },
    ],
    opensPerS: connections / 3_600,
    isApart: false,
  };
}
