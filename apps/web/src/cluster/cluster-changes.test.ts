import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterNode, ClusterWorker } from '../api/shapes.ts';
import { changesBetween } from './cluster-changes.ts';
import { duration, latency, megabytes, overview, stateWords } from './cluster-words.ts';
import { Departures } from './departures.ts';

function node(name: string, more: Partial<ClusterNode> = {}): ClusterNode {
  const head = { id: `${name}-1`, name, version: '1', state: 'ready', heardMsAgo: 100, upMs: 1 } as const;
  const figures = { connections: 2, documents: 1, appendMs: null, eventLoopMs: null, memoryBytes: 1 };
  return { ...head, ...figures, oldestUnfoldedMs: 0, pendingBytes: 0, outboxBytes: 0, ...more };
}

function worker(name: string, more: Partial<ClusterWorker> = {}): ClusterWorker {
  const head = { id: `${name}-1`, name, version: '1', state: 'working', heardMsAgo: 100, upMs: 1 } as const;
  return { ...head, eventLoopMs: null, memoryBytes: 1, running: 0, folds: 0, failures: 0, ...more };
}

function cluster(nodes: ClusterNode[], workers: ClusterWorker[] = [], more: Partial<Cluster> = {}): Cluster {
  return { answeredBy: 'node-1', nodes, workers, backlog: null, ...more };
}

const words = (before: Cluster | null, after: Cluster) =>
  changesBetween(before, after).map((change) => change.words);

describe('what happened between two looks', () => {
  it('is nothing on the first, and where nothing but figures changed', () => {
    const before = cluster([node('node-1')], [worker('worker-1')]);
    expect(words(null, before)).toEqual([]);
    expect(words(before, cluster([node('node-1', { connections: 9 })], [worker('worker-1')]))).toEqual([]);
  });

  it('names who came, who changed and who left', () => {
    const silent = node('node-4', { state: 'silent', heardMsAgo: 59_000 });
    const before = cluster([node('node-1'), node('node-2'), silent], [worker('worker-1')]);
    const later = [node('node-1', { state: 'draining' }), node('node-3')];
    expect(
      words(before, cluster(later, [worker('worker-1', { state: 'silent', heardMsAgo: 6_000 })])),
    ).toEqual([
      'node-1: draining',
      'node-3 has come',
      'worker-1: not heard from for 6 s',
      'node-2 has left',
      'node-4 is given up',
    ]);
  });

  it('takes a process that was started again for another one', () => {
    const after = cluster([node('node-1', { id: 'node-1-2' })]);
    expect(words(cluster([node('node-1')]), after)).toEqual(['node-1 has come', 'node-1 has left']);
  });
});

describe('who left', () => {
  it('is shown below the others for a moment, and not when it is back', () => {
    const departures = new Departures<{ id: string }>();
    const shown = (ids: string[], atMs: number) =>
      departures
        .with(
          ids.map((id) => ({ id })),
          atMs,
        )
        .map(([{ id }, hasLeft]) => (hasLeft ? `-${id}` : id));
    expect(shown(['a', 'b', 'c'], 0)).toEqual(['a', 'b', 'c']);
    expect(shown(['c'], 2_000)).toEqual(['c', '-a', '-b']);
    expect(shown(['c', 'a'], 4_000)).toEqual(['c', 'a', '-b']);
    expect(shown(['c', 'a'], 10_000)).toEqual(['c', 'a']);
  });
});

describe('the words of the cluster page', () => {
  it('are short', () => {
    expect([0.04, 9.96, 12.4, 1_234, null].map(latency)).toEqual([
      '0.0 ms',
      '10.0 ms',
      '12 ms',
      '1.2 s',
      '–',
    ]);
    const times = [999, 61_000, 3_600_000 * 3 + 60_000 * 20, 3_600_000 * 292, null];
    expect(times.map(duration)).toEqual(['0 s', '1 min', '3 h 20 min', '12 d 4 h', '–']);
    expect([0, 250_000, 91_400_000, null].map(megabytes)).toEqual(['0 MB', '0.3 MB', '91 MB', '–']);
    expect(stateWords('silent', 12_000)).toBe('Not heard from for 12 s');
  });

  it('sum up what is known', () => {
    const backlog = { sweptMsAgo: 4_000, logDocuments: 12, documents: 3, oldestMs: 9_000 };
    const quarantine = { quarantinedDocuments: 1, quarantinedEntries: null };
    const nodes = [node('node-1'), node('node-2', { state: 'draining', connections: null })];
    const figures = cluster(nodes, [worker('worker-1')], { backlog: { ...backlog, ...quarantine } });
    expect(Object.fromEntries(overview(figures))).toEqual({
      'Nodes ready': '1 of 2',
      Workers: '1 of 1',
      Connections: '2',
      'Documents with a log': '12',
      Backlog: '3 documents',
      'Oldest backlog': '9 s',
      Quarantine: '1',
      'Last sweep': '4 s ago',
    });
    expect(Object.fromEntries(overview(cluster([])))).toMatchObject({ Backlog: '–', Quarantine: '–' });
  });
});
