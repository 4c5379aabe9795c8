import type { Cluster, ClusterNode, ClusterWorker } from '../api/shapes.ts';

/** `left`: it is in the answers no more. */
export type ProcessState = ClusterNode['state'] | ClusterWorker['state'] | 'left';

const STATES: Readonly<Record<ProcessState, string>> = {
  ready: 'Ready',
  working: 'Working',
  overloaded: 'Refuses newcomers',
  draining: 'Draining',
  deaf: 'Cannot hear Redis',
  silent: 'Not heard from',
  left: 'Left',
  unknown: 'Unknown',
};

/** How a state looks; its word says the same, for those who do not see colours. */
export type Tone = 'good' | 'busy' | 'bad' | 'over';

const TONES: Readonly<Record<ProcessState, Tone>> = {
  ready: 'good',
  working: 'good',
  overloaded: 'busy',
  draining: 'busy',
  deaf: 'bad',
  silent: 'bad',
  left: 'over',
  unknown: 'busy',
};

export function stateTone(state: ProcessState): Tone {
  return TONES[state];
}

export function stateWords(state: ProcessState, heardMsAgo: number): string {
  return state === 'silent' ? `${STATES.silent} for ${duration(heardMsAgo)}` : STATES[state];
}

/** What stands for a figure that is not known. */
const NONE = '–';

export function count(figure: number | null): string {
  return figure === null ? NONE : figure.toLocaleString('en');
}

/** A short time, as "0.8 ms", "12 ms", "3.4 s". */
export function latency(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** A long time by its two largest units, as "12 s", "4 min", "3 h 20 min", "12 d 4 h". */
export function duration(ms: number | null): string {
  if (ms === null) return NONE;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function megabytes(bytes: number | null): string {
  if (bytes === null) return NONE;
  const mb = bytes / 1_000_000;
  return `${mb > 0 && mb < 10 ? mb.toFixed(1) : Math.round(mb)} MB`;
}

/** The sum of what is known. */
export function sum(figures: readonly (number | null)[]): number {
  return figures.reduce<number>((total, figure) => total + (figure ?? 0), 0);
}

/** The cluster in a few figures. */
export function overview({ nodes, workers, backlog }: Cluster): readonly (readonly [string, string])[] {
  const serving = nodes.filter(({ state }) => state === 'ready').length;
  const working = workers.filter(({ state }) => state === 'working').length;
  const quarantined = backlog && [backlog.quarantinedDocuments, backlog.quarantinedEntries];
  return [
    ['Nodes ready', `${serving} of ${nodes.length}`],
    ['Workers', `${working} of ${workers.length}`],
    ['Connections', count(sum(nodes.map(({ connections }) => connections)))],
    ['Documents with a log', count(backlog?.logDocuments ?? null)],
    ['Backlog', backlog ? `${count(backlog.documents)} document${backlog.documents === 1 ? '' : 's'}` : NONE],
    ['Oldest backlog', backlog?.documents === 0 ? NONE : duration(backlog?.oldestMs ?? null)],
    ['Quarantine', quarantined?.some((figure) => figure !== null) ? count(sum(quarantined)) : NONE],
    ['Last sweep', backlog ? `${duration(backlog.sweptMsAgo)} ago` : NONE],
  ];
}
