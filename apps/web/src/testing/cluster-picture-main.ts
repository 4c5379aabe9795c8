import { fileURLToPath } from 'node:url';
import { startPageCluster } from './page-cluster.ts';
import { openSockets, Person } from './person.ts';
import { startChromium } from './tab.ts';

/** Takes the picture of the cluster page: three nodes with people on them, one of which is leaving, and a worker. */
const PICTURE = fileURLToPath(new URL('../../docs/cluster.png', import.meta.url));
const CONNECTIONS = 90;

const entrance = { GUEST_ACCESS: 'false', CREATE_ON_OPEN: 'false', REGISTRATION: 'open' };
const [browser, cluster] = await Promise.all([startChromium(), startPageCluster(3, 'proxy', entrance)]);
try {
  const ada = await Person.arrive(browser, 'Ada', cluster.urlOf(0));
  await ada.page.setViewportSize({ width: 1120, height: 900 });
  await ada.signUp();
  await ada.writeDocument('# Plan for the harbour walk');
  await ada.goTo('/?page=cluster');
  await ada.part('cluster-node', '[data-state="ready"]').nth(2).waitFor();
  await cluster.startWorker('worker-1');
  await openSockets(ada, CONNECTIONS);
  await ada.part('cluster-worker', '[data-state="working"]').waitFor();
  await ada.part('cluster-totals').getByText('0 documents', { exact: true }).waitFor({ timeout: 90_000 });
  cluster.nodes[2]?.process.kill('SIGTERM');
  await ada.part('cluster-node', '[data-state="draining"]').waitFor();
  await ada.page.screenshot({ path: PICTURE });
} finally {
  await browser.close();
  await cluster.stop();
}
