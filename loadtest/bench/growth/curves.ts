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
    why: '',
  },
  {
    id: 'nodes-spread',
    title: 'More nodes, the four people of a document spread over them',
    x: 'nodes',
    points: [1, 2, 4].map((nodes) => ({ x: nodes, load: { nodes, ...SMALL_DOCUMENTS } })),
    why: '',
  },
  {
    id: 'documents',
    title: 'More documents, each with one editor and one reader',
    x: 'documents',
    points: [10, 100, 1_000].map((documents) => ({ x: documents, load: { ...QUIET_DOCUMENT, documents } })),
    why: '',
  },
  {
    id: 'editors',
    title: 'More editors of one document',
    x: 'editors',
    points: [10, 50, 200, 500].map((editors) => ({
      x: editors,
      load: { ...CROWDED_DOCUMENT, people: editors, editors },
    })),
    why: '',
  },
];
