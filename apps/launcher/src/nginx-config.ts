import { join } from 'node:path';
import { renderInfraConfig } from './infra-config.ts';

/** What a development cluster's nginx differs in from the one in `infra/`. */
export type NginxOptions = {
  /** For pid, log and temporary files. */
  readonly dir: string;
  readonly port: number;
  readonly nodePorts: readonly number[];
  /** Paths of a certificate and its key; plain HTTP without. */
  readonly tls?: { readonly certificate: string; readonly key: string };
};

/** `infra/nginx/nginx.conf` as this machine runs it. */
export function renderNginxConfig({ dir, port, nodePorts, tls }: NginxOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const servers = (rest: string) => nodePorts.map((node) => `server 127.0.0.1:${node} ${rest};`);
  const listen = tls
    ? [`listen ${port} ssl http2;`, `ssl_certificate ${tls.certificate};`, `ssl_certificate_key ${tls.key};`]
    : [`listen ${port};`];
  return renderInfraConfig('nginx/nginx.conf', {
    process: [`pid ${join(dir, 'nginx.pid')};`, 'error_log stderr warn;', 'daemon off;'],
    http: ['access_log off;', ...temporary.map((kind) => `${kind}_temp_path ${join(dir, kind)};`)],
    'session-nodes': servers('max_fails=0'),
    'request-nodes': servers('max_fails=1 fail_timeout=2s'),
    redirect: [],
    listen,
  });
}
