import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = new URL('../../../infra/nginx/nginx.conf', import.meta.url);

/** What a development cluster's nginx differs in from the one in `infra/`. */
export type NginxOptions = {
  /** For pid, log and temporary files. */
  readonly dir: string;
  readonly port: number;
  readonly nodePorts: readonly number[];
};

/** `infra/nginx/nginx.conf` with its marked parts replaced, so that development runs what production runs. */
export function renderNginxConfig({ dir, port, nodePorts }: NginxOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const parts: Record<string, string[]> = {
    process: [`pid ${join(dir, 'nginx.pid')};`, 'error_log stderr warn;', 'daemon off;'],
    http: ['access_log off;', ...temporary.map((kind) => `${kind}_temp_path ${join(dir, kind)};`)],
    nodes: nodePorts.map((node) => `server 127.0.0.1:${node} max_fails=1 fail_timeout=2s;`),
    listen: [`listen ${port};`],
  };
  return Object.entries(parts).reduce(
    (config, [name, lines]) => replaceBetween(config, name, lines),
    readFileSync(SOURCE, 'utf8'),
  );
}

function replaceBetween(config: string, name: string, lines: readonly string[]): string {
  const marked = new RegExp(`( *)# <${name}>\\n[^]*?# </${name}>`);
  if (!marked.test(config)) throw new Error(`infra/nginx/nginx.conf has no part <${name}> any more`);
  return config.replace(marked, (_all, indent: string) => lines.map((line) => indent + line).join('\n'));
}
