import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Two benches on one machine would measure each other. Holds a name until this process ends, however it ends; rejects
 * when another process holds it.
 */
export async function beTheOnlyBench(): Promise<void> {
  // On Linux a name that begins with a zero byte lives in no directory and dies with its process.
  const name = process.platform === 'linux' ? '\0kryton-bench' : join(tmpdir(), 'kryton-bench.socket');
  const server = createServer().unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(new Error('another bench runs on this machine; wait until it is done')),
    );
    server.listen(name, resolve);
  });
}
