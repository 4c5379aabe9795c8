import { inspect } from 'node:util';
import { outsidePlugins, runningPlugin } from './plugin-scope.ts';

/** What {@link guardProcess} needs of the process; `process` itself outside of tests. */
export type GuardedProcess = {
  on(event: 'uncaughtException', listener: (error: unknown) => void): unknown;
  off(event: 'uncaughtException', listener: (error: unknown) => void): unknown;
  listenerCount(event: 'uncaughtException'): number;
  readonly stderr: { write(text: string): unknown };
  exit(code: number): unknown;
};

/**
 * An error that nobody catches ends a process, and must not when it comes from a plugin. Node raises unhandled
 * rejections as uncaught exceptions too, so that one listener sees both. Whatever comes from elsewhere ends the process
 * as it did before: the stack on stderr, exit code 1. The result takes the guard away. One per process.
 */
export function guardProcess(target: GuardedProcess): () => void {
  const onUncaught = (error: unknown) => {
    const plugin = runningPlugin();
    if (plugin) {
      outsidePlugins(() => plugin.uncaught(error));
      return;
    }
    // Somebody else listens too: then it was for them to decide before we came.
    if (target.listenerCount('uncaughtException') > 1) return;
    target.stderr.write(`${inspect(error)}\n`);
    target.exit(1);
  };
  target.on('uncaughtException', onUncaught);
  return () => {
    target.off('uncaughtException', onUncaught);
  };
}
