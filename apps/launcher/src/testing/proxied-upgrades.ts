import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type NginxService, startNginx } from '@kryton/engine/testing/services/nginx-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { renderNginxConfig } from '../nginx-config.ts';

/** One node that nginx asked for one request. */
export type ProxiedTry = {
  /** When the request came to nginx, ms since 1970. */
  readonly atMs: number;
  readonly nodePort: number;
  /** What the node answered; 502 or 504 where it did not. */
  readonly status: number;
};

/** The nginx of `infra/`, which notes whom it asked. */
export type NotingProxy = {
  /** Where clients connect, `ws://host:port`. */
  readonly front: string;
  /** Of the requests that have ended, and so of WebSockets that are closed. */
  tries(): ProxiedTry[];
  stop(): Promise<void>;
};

/** Starts nginx in front of the nodes on these ports of this machine. */
export async function startNotingProxy(nodePorts: readonly number[]): Promise<NotingProxy> {
  const dir = temporaryDirectory('proxied');
  const file = join(dir, 'tries.log');
  const port = await freePort();
  const format = `log_format tries '$msec|$request_time|$upstream_addr|$upstream_status'; access_log ${file} tries;`;
  const rendered = renderNginxConfig({ dir, port, nodePorts });
  const text = rendered
    .replace('access_log off;', format)
    // `startNginx` gives these two itself.
    .replace(/^(pid .*|daemon off;)$/gm, '');
  if (!text.includes(format)) throw new Error('the configuration of nginx has no "access_log off;" any more');
  const nginx: NginxService = await startNginx({ config: { text }, port });
  return {
    front: `ws://127.0.0.1:${port}`,
    tries: () => readFileSync(file, 'utf8').split('\n').filter(Boolean).flatMap(readTries),
    async stop() {
      await nginx.stop();
      removeTemporaryDirectory(dir);
    },
  };
}

/** `1764170000.123|0.045|127.0.0.1:3001, 127.0.0.1:3002|503, 101`: both lists name each node that was asked. */
function readTries(line: string): ProxiedTry[] {
  const [endedAt, took, nodes = '', statuses = ''] = line.split('|');
  const answers = statuses.split(', ');
  return nodes.split(', ').map((node, index) => ({
    atMs: (Number(endedAt) - Number(took)) * 1_000,
    nodePort: Number(node.slice(node.lastIndexOf(':') + 1)),
    status: Number(answers[index]),
  }));
}
