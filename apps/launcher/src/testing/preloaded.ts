/** Variables of a process that runs `code`, a module, before its main, in its main thread only. */
export function preloaded(code: string): { readonly NODE_OPTIONS: string } {
  const guarded = `import { isMainThread } from 'node:worker_threads';\nif (isMainThread) {${code}}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(guarded)}` };
}
