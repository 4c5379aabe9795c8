import { problemText } from '../api/api-problem.ts';
import { fetchCluster } from '../api/cluster.ts';
import type { Cluster, ClusterNode, ClusterWorker } from '../api/shapes.ts';
import { element } from '../page/element.ts';
import { type PageVisit, plainPage, section } from '../page/plain-page.ts';
import { changesBetween } from './cluster-changes.ts';
import { count, duration, latency, megabytes, overview, stateWords } from './cluster-words.ts';
import { Departures } from './departures.ts';
import { type LiveRow, liveTable } from './live-table.ts';
import { repeatWhileVisible } from './while-visible.ts';

const EVERY_MS = 2_000;
const KEPT_CHANGES = 20;

const NODE_COLUMNS = [
  'Connections',
  'Documents',
  'Append',
  'Event loop',
  'Unfolded',
  'Waiting',
  'Memory',
  'Up',
  'Version',
];
const WORKER_COLUMNS = ['Folding', 'Folds', 'Failed', 'Event loop', 'Memory', 'Up', 'Version'];

/** The page of those who run the server: nodes and workers as they are now. */
export function showCluster(visit: PageVisit): void {
  const page = plainPage(visit, 'cluster');
  if (!visit.me.isAdmin) {
    page.content.textContent = 'Only administrators see this page.';
    return;
  }
  page.content.classList.add('wide');
  const view = clusterView();
  page.content.append(...view.parts);
  let last: Cluster | null = null;
  const look = async () => {
    try {
      const cluster = await fetchCluster();
      view.show(cluster, last);
      last = cluster;
    } catch (error) {
      view.fail(problemText(error));
    }
  };
  repeatWhileVisible(look, EVERY_MS, () => page.content.isConnected);
}

function clusterView() {
  const source = element(
    'p',
    { class: 'aside', 'data-testid': 'cluster-source', 'data-state': 'asking' },
    'Asking…',
  );
  const totals = element('dl', { class: 'totals', 'data-testid': 'cluster-totals' });
  const nodes = liveTable({
    ...{ caption: 'Nodes', what: 'Node', testId: 'cluster-node', columns: NODE_COLUMNS },
    empty: 'No node has said anything yet.',
  });
  const workers = liveTable({
    ...{ caption: 'Workers', what: 'Worker', testId: 'cluster-worker', columns: WORKER_COLUMNS },
    empty: 'There is no worker: nothing is folded until one is started.',
  });
  // Told to those who hear the page too; the figures are not, or it would never be quiet.
  const changes = element('ol', {
    class: 'changes',
    role: 'log',
    'aria-label': 'Changes',
    'data-testid': 'cluster-changes',
  });
  const quiet = element('p', { class: 'aside' }, 'Nothing since this page was opened.');
  const departed = new Departures<ClusterNode>();
  const departedWorkers = new Departures<ClusterWorker>();
  return {
    parts: [
      section('Now', 'cluster-now', totals, source),
      section('Nodes', 'cluster-nodes', nodes.root),
      section('Workers', 'cluster-workers', workers.root),
      section('Changes', 'cluster-history', quiet, changes),
    ],
    show(cluster: Cluster, before: Cluster | null) {
      totals.replaceChildren(
        ...overview(cluster).map(([name, figure]) =>
          element('div', {}, element('dt', {}, name), element('dd', {}, figure)),
        ),
      );
      nodes.show(departed.with(cluster.nodes, performance.now()).map(nodeRow));
      workers.show(departedWorkers.with(cluster.workers, performance.now()).map(workerRow));
      for (const { words } of changesBetween(before, cluster)) changes.prepend(changeView(words));
      while (changes.children.length > KEPT_CHANGES) changes.lastElementChild?.remove();
      quiet.hidden = changes.children.length > 0;
      say('live', `Live, as ${cluster.answeredBy} sees it.`);
    },
    fail(problem: string) {
      say('failed', `Not live since ${clock()}. ${problem}`);
    },
  };

  function say(state: string, words: string): void {
    // The first failure's time stays.
    if (state === 'failed' && source.dataset['state'] === 'failed') return;
    source.dataset['state'] = state;
    if (source.textContent !== words) source.textContent = words;
  }
}

function nodeRow([node, hasLeft]: readonly [ClusterNode, boolean]): LiveRow {
  return row(node, hasLeft, [
    count(node.connections),
    count(node.documents),
    latency(node.appendMs),
    latency(node.eventLoopMs),
    duration(node.oldestUnfoldedMs),
    megabytes((node.pendingBytes ?? 0) + (node.outboxBytes ?? 0)),
    megabytes(node.memoryBytes),
    duration(node.upMs),
    node.version,
  ]);
}

function workerRow([worker, hasLeft]: readonly [ClusterWorker, boolean]): LiveRow {
  return row(worker, hasLeft, [
    count(worker.running),
    count(worker.folds),
    count(worker.failures),
    latency(worker.eventLoopMs),
    megabytes(worker.memoryBytes),
    duration(worker.upMs),
    worker.version,
  ]);
}

function row(process: ClusterNode | ClusterWorker, hasLeft: boolean, figures: readonly string[]): LiveRow {
  const { id, name, heardMsAgo } = process;
  const state = hasLeft ? 'left' : process.state;
  // What it said last is no longer so.
  const shown = hasLeft ? figures.map(() => '') : figures;
  return { id, name, state, stateWords: stateWords(state, heardMsAgo), figures: shown };
}

function changeView(words: string): HTMLElement {
  return element('li', {}, element('time', {}, clock()), ` ${words}`);
}

function clock(): string {
  return new Date().toLocaleTimeString('en', { hour12: false });
}
