import { AsyncLocalStorage } from 'node:async_hooks';

/** Takes what a plugin throws where nobody catches it. */
export type FaultTaker = { uncaught(error: unknown): void };

/**
 * Which plugin the running code belongs to. Node carries it on through timers, promises and callbacks, also to the
 * handler of uncaught errors; so an error that nobody catches can be traced back to its plugin.
 */
const scope = new AsyncLocalStorage<FaultTaker | undefined>();

/** Runs code of a plugin. */
export function inPlugin<Result>(taker: FaultTaker, run: () => Result): Result {
  return scope.run(taker, run);
}

/** Runs code of ours that a plugin has called: what goes wrong there later is ours again. */
export function outsidePlugins<Result>(run: () => Result): Result {
  return scope.run(undefined, run);
}

/** Whose code is running; undefined for the node's own. */
export function runningPlugin(): FaultTaker | undefined {
  return scope.getStore();
}
