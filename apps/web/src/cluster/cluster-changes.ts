import type { Cluster } from '../api/shapes.ts';
import { type ProcessState, stateWords } from './cluster-words.ts';

/** What happened between two looks at the cluster, as a sentence. */
export type Change = { readonly id: string; readonly words: string };

type Process = Pick<Cluster['nodes'][number], 'id' | 'name' | 'heardMsAgo'> & {
  readonly state: ProcessState;
};

/** Who came, changed and left; nothing on the first look. */
export function changesBetween(before: Cluster | null, after: Cluster): Change[] {
  if (before === null) return [];
  const earlier = processesOf(before);
  const later = processesOf(after);
  const changes: Change[] = [];
  for (const [id, { name, state, heardMsAgo }] of later) {
    const known = earlier.get(id);
    if (!known) changes.push({ id, words: `${name} has come` });
    else if (known.state !== state) {
      changes.push({ id, words: `${name}: ${stateWords(state, heardMsAgo).toLowerCase()}` });
    }
  }
  for (const [id, { name, state }] of earlier) {
    // Who was killed is forgotten after a while; who said good-bye has left.
    const words = state === 'silent' ? `${name} is given up` : `${name} has left`;
    if (!later.has(id)) changes.push({ id, words });
  }
  return changes;
}

function processesOf({ nodes, workers }: Cluster): Map<string, Process> {
  return new Map([...nodes, ...workers].map((process) => [process.id, process]));
}
