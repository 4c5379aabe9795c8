import type { CrowdLoad } from './measured-load.ts';

/** One line: what grows, and everything else held as it is. */
export type Curve = {
  readonly id: string;
  readonly title: string;
  /** What grows. */
  readonly x: string;
  readonly points: readonly { readonly x: number; readonly load: CrowdLoad }[];
  /** Why the line has the shape it was measured to have. */
  readonly why: string;
};

const SMALL_DOCUMENTS = { documents: 40, people: 4, editors: 2, editsPerS: 2 };
const QUIET_DOCUMENT = { nodes: 2, people: 2, editors: 1, editsPerS: 0.15 };
const CROWDED_DOCUMENT = { nodes: 2, documents: 1, editsPerS: 2 };

export const CURVES: readonly Curve[] = [
  {
    id: 'nodes-apart',
    title: 'More nodes, the people of a document on one of them',
    x: 'nodes',
    points: [1, 2, 4].map((nodes) => ({ x: nodes, load: { nodes, ...SMALL_DOCUMENTS, isApart: true } })),
    why: 'An edit costs the same on whichever node its document is, so what rises is what every node does whether or not anybody edits: its heartbeat, its look at the log of each open document, code that is compiled while the process is young, which these 160 edits a second have to carry for each node more.',
  },
  {
    id: 'nodes-spread',
    title: 'More nodes, the four people of a document spread over them',
    x: 'nodes',
    points: [1, 2, 4].map((nodes) => ({ x: nodes, load: { nodes, ...SMALL_DOCUMENTS } })),
    why: 'Every node on which somebody has the document open hears each batch, decodes it and makes a frame of it, so four people on four nodes are that work four times for the same four writes; appending, Redis and the worker stay as they are.',
  },
  {
    id: 'documents',
    title: 'More documents, each with one editor and one reader',
    x: 'documents',
    points: [10, 100, 1_000].map((documents) => ({ x: documents, load: { ...QUIET_DOCUMENT, documents } })),
    why: 'At ten documents nearly all of it is what five processes take for themselves, carried by one and a half edits a second; from there the line falls towards the price of an edit that is alone in its document and brings an append and soon a fold of its own, which is why the worker is the larger part of it.',
  },
  {
    id: 'editors',
    title: 'More editors of one document',
    x: 'editors',
    points: [10, 50, 200, 500].map((editors) => ({
      x: editors,
      load: { ...CROWDED_DOCUMENT, people: editors, editors },
    })),
    why: 'The more people edit one document, the more edits leave in one batch: appends and publishes stop growing at about twenty a second and node, and so do writes to each socket, so that an edit becomes cheaper although it goes to fifty times as many people.',
  },
];
