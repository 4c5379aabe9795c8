import { writeSync } from 'node:fs';

/** Loaded into the node by `--import`, with `--expose-gc`: on SIGUSR2 it says what is left after garbage collection. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  writeSync(2, `heap after gc: ${process.memoryUsage().heapUsed}\n`);
});
