/**
 * Looks how late the event loop of its process runs. Preloaded into a node (`--import`), and a process of its own as
 * the control. Who asks at 127.0.0.1, port LOOP_PROBE_PORT, gets a {@link LoopDelay} since the one before.
 */
import { createServer } from 'node:http';
import { isMainThread } from 'node:worker_threads';

/** Of the time between two of its ticks, which are 5 ms apart when nothing delays them; in ms. */
export type LoopDelay = {
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The most CPU that the thread of the loop used between two ticks: the part of a delay that is its own doing. */
  readonly maxWorkMs: number;
};

const EVERY_MS = 5;

function startProbe(port: number): void {
  let last = performance.now();
  let lastWork = process.threadCpuUsage();
  let betweenMs: number[] = [];
  let maxWorkMs = 0;
  const look = () => {
    const now = performance.now();
    const work = process.threadCpuUsage();
    betweenMs.push(now - last);
    maxWorkMs = Math.max(maxWorkMs, (work.user - lastWork.user + work.system - lastWork.system) / 1_000);
    last = now;
    lastWork = work;
  };
  const timer = setInterval(look, EVERY_MS);
  const server = createServer((_request, response) => {
    look();
    const sorted = betweenMs.toSorted((a, b) => a - b);
    const delay: LoopDelay = {
      p99Ms: sorted[Math.floor((sorted.length - 1) * 0.99)] ?? 0,
      maxMs: sorted.at(-1) ?? 0,
      maxWorkMs,
    };
    betweenMs = [];
    maxWorkMs = 0;
    response.setHeader('connection', 'close');
    response.end(JSON.stringify(delay));
  });
  server.listen(port, '127.0.0.1');
  if (import.meta.main) return;
  // It must not keep the node from ending.
  timer.unref();
  server.unref();
}

// A node's own threads get it preloaded too.
const port = Number(process.env['LOOP_PROBE_PORT'] ?? 0);
if (isMainThread && port > 0) startProbe(port);
