import { decodeUpdate, GC, ID, Skip } from 'yjs';

const UNKNOWN = -1;
const OPEN = -2;

/** A struct as far as its place in the tree is concerned. */
type Node = {
  readonly clock: number;
  readonly end: number;
  /** The struct that this one stands in, or stands beside. */
  readonly reference: ID | null;
  readonly isChild: boolean;
  /** Or UNKNOWN, or OPEN while its references are being followed. */
  depth: number;
};

/**
 * How many levels of shared types the structs of an update put into each other. What an update does not hold itself
 * counts as the top. Linear in the structs; `bytes` must be well-formed.
 */
export function deepestNesting(bytes: Uint8Array): number {
  const nodes = nodesByClient(bytes);
  let deepest = 0;
  for (const list of nodes.values()) {
    for (const node of list) deepest = Math.max(deepest, depthOf(node, nodes));
  }
  return deepest;
}

function nodesByClient(bytes: Uint8Array): Map<number, Node[]> {
  const nodes = new Map<number, Node[]>();
  for (const struct of decodeUpdate(bytes).structs) {
    const { client, clock } = struct.id;
    const end = clock + struct.length;
    const list = nodes.get(client) ?? [];
    if (list.length === 0) nodes.set(client, list);
    if (struct instanceof GC || struct instanceof Skip) {
      list.push({ clock, end, reference: null, isChild: false, depth: 0 });
      continue;
    }
    const beside = struct.origin ?? struct.rightOrigin;
    const parent = struct.parent instanceof ID ? struct.parent : null;
    list.push({ clock, end, reference: beside ?? parent, isChild: beside === null, depth: UNKNOWN });
  }
  return nodes;
}

/** Follows the references with a list instead of recursion: chains are as long as the sender likes. */
function depthOf(start: Node, nodes: ReadonlyMap<number, Node[]>): number {
  const path: Node[] = [];
  let node: Node | undefined = start;
  while (node?.depth === UNKNOWN) {
    node.depth = OPEN;
    path.push(node);
    node = node.reference === null ? undefined : find(nodes, node.reference);
  }
  // A reference in a circle leads to an open node; Yjs never integrates such structs.
  let depth = Math.max(node?.depth ?? 0, 0);
  for (const below of path.reverse()) {
    if (below.isChild && below.reference !== null) depth += 1;
    below.depth = depth;
  }
  return start.depth;
}

function find(nodes: ReadonlyMap<number, Node[]>, { client, clock }: ID): Node | undefined {
  const list = nodes.get(client) ?? [];
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = list[middle];
    if (node !== undefined && node.end <= clock) low = middle + 1;
    else high = middle;
  }
  const found = list[low];
  return found !== undefined && found.clock <= clock ? found : undefined;
}
