/** Keeps the pod-deletion-cost of the nodes on Kubernetes (k8s/components/pod-deletion-cost): the composition root. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '@kryton/engine/lifecycle/lifecycle.ts';
import { listenError } from '@kryton/engine/lifecycle/listen-error.ts';
import { runServices } from '@kryton/engine/lifecycle/run-services.ts';
import { exitWith } from '@kryton/engine/lifecycle/startup-error.ts';
import { pino } from 'pino';
import { type CostCommand, parseCostCommand } from './command-line.ts';
import { keepCosts, readConnections } from './cost-keeper.ts';
import { kubernetesPods } from './kubernetes-pods.ts';

/** Costs this little to ask; the component's autoscaler takes at most one node in 10 minutes. */
const EVERY_MS = 30_000;
const FIGURES_MS = 3_000;
const DEADLINES = { startMs: 10_000, drainMs: 5_000, stopMs: 15_000 };

const logger = pino({ base: { name: 'pod-deletion-cost' } });

/** Answers `/livez` as long as the event loop turns: every await of a round has a deadline. */
function liveness(port: number): Service {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/livez' ? 200 : 404).end();
  });
  return {
    name: 'liveness',
    run: () =>
      new Promise((resolve, reject) => {
        server.once('error', (cause) => reject(listenError('--health-port', '', port, cause)));
        server.listen(port, () => resolve());
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function costs({ api, account, selector, metricsPort }: CostCommand, namespace: string): Service {
  const stopping = new AbortController();
  const token = async () => (await readFile(join(account, 'token'), 'utf8')).trim();
  const parts = {
    pods: kubernetesPods({ url: api, namespace, token }),
    selector,
    logger,
    async connectionsOf(ip: string) {
      const host = ip.includes(':') ? `[${ip}]` : ip;
      const signal = AbortSignal.timeout(FIGURES_MS);
      const answer = await fetch(`http://${host}:${metricsPort}/metrics`, { signal });
      return readConnections(await answer.text());
    },
  };
  const rounds = async () => {
    while (!stopping.signal.aborted) {
      await keepCosts(parts).catch((err: unknown) => logger.warn({ err }, 'a round failed; the costs stay'));
      await pause(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  let running: Promise<void> = Promise.resolve();
  return {
    name: 'costs',
    async run() {
      running = rounds();
      logger.info({ api, namespace, selector }, 'keeping the deletion costs');
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function main(): Promise<void> {
  const command = parseCostCommand(process.argv.slice(2), process.env);
  const namespace = (await readFile(join(command.account, 'namespace'), 'utf8')).trim();
  const services = [liveness(command.healthPort), costs(command, namespace)];
  await runServices(services, { deadlines: DEADLINES, process, log: logger });
}

main().catch((error: unknown) => exitWith(error));
