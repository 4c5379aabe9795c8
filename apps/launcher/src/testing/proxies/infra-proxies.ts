import { join } from 'node:path';
import { startCaddy } from '@kryton/engine/testing/services/caddy-service.ts';
import { startHaproxy } from '@kryton/engine/testing/services/haproxy-service.ts';
import { startNginx } from '@kryton/engine/testing/services/nginx-service.ts';
import type { ProxyService } from '@kryton/engine/testing/services/proxy-service.ts';
import {
  PUBLIC_HOST,
  type SelfSignedCertificate,
} from '@kryton/engine/testing/services/self-signed-certificate.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { startTraefik } from '@kryton/engine/testing/services/traefik-service.ts';
import { renderInfraConfig } from '../../infra-config.ts';
import { renderNginxConfig } from '../../nginx-config.ts';

/** What a proxy of a test differs in from the one in `infra/`. */
export type ProxySetting = {
  readonly port: number;
  readonly nodePorts: readonly number[];
  readonly tls: SelfSignedCertificate;
};

/** The configurations of `infra/`, each run by its program with TLS on one port. */
export const INFRA_PROXIES: Readonly<Record<string, (setting: ProxySetting) => Promise<ProxyService>>> = {
  nginx: ({ port, nodePorts, tls }) => {
    const text = renderNginxConfig({ dir: temporaryDirectory('front'), port, nodePorts, tls });
    // `startNginx` says these two itself, on its command line.
    return startNginx({ config: { text: text.replace(/^(?:pid|daemon) .*;$/gm, '') }, port });
  },

  Caddy: ({ port, nodePorts, tls }) =>
    startCaddy({
      port,
      config: (admin) =>
        renderInfraConfig('caddy/Caddyfile', {
          // Port 80 is for who may have it.
          global: [`admin ${admin}`, 'auto_https disable_redirects', 'persist_config off'],
          nodes: [`to ${nodePorts.map((node) => `127.0.0.1:${node}`).join(' ')}`],
          site: [`${PUBLIC_HOST}:${port} {`, `tls ${tls.certificate} ${tls.key}`, 'import kryton', '}'],
        }),
    }),

  HAProxy: ({ port, nodePorts, tls }) =>
    startHaproxy({
      port,
      config: (dir) =>
        renderInfraConfig('haproxy/haproxy.cfg', {
          process: [
            'log stderr format raw local0 warning',
            `stats socket ${join(dir, 'admin.sock')} level admin expose-fd listeners`,
            'maxconn 500',
          ],
          redirect: [],
          listen: [`bind :${port} ssl crt ${tls.both} alpn h2,http/1.1`],
          nodes: nodePorts.map((node, index) => `server node-${index + 1} 127.0.0.1:${node}`),
        }),
    }),

  Traefik: ({ port, nodePorts, tls }) =>
    startTraefik({
      port,
      config: (dynamicFile) =>
        renderInfraConfig('traefik/traefik.yml', {
          redirect: [],
          listen: [`address: ":${port}"`],
          provider: ['file:', `  filename: ${dynamicFile}`, '  watch: true'],
        }),
      dynamicConfig: renderInfraConfig('traefik/dynamic.yml', {
        nodes: nodePorts.map((node) => `- url: http://127.0.0.1:${node}`),
        certificates: ['certificates:', `  - certFile: ${tls.certificate}`, `    keyFile: ${tls.key}`],
      }),
    }),
};
