import { X509Certificate } from 'node:crypto';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import type { ProxyService } from '@kryton/engine/testing/services/proxy-service.ts';
import { makeCertificate } from '@kryton/engine/testing/services/self-signed-certificate.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { type FaultCluster, startFaultCluster } from '../fault-cluster.ts';
import { INFRA_PROXIES } from './infra-proxies.ts';
import { PUBLIC_ORIGIN, Visitor } from './visitor.ts';

/** A proxy in front of the nodes, and somebody who comes through it alone. */
export type Front = {
  readonly name: string;
  readonly proxy: ProxyService;
  readonly visitor: Visitor;
  /** The same person's other browser: no session yet. */
  otherBrowser(): Visitor;
};

/** Two nodes and a worker, with every proxy of `infra/` in front of both nodes. */
export type ProxiedCluster = {
  /** The cluster itself, past all proxies. Its `somebody` is admin. */
  readonly inside: FaultCluster;
  readonly fronts: readonly Front[];
  /** Puts a new certificate in the place of the old one; resolves with its SHA-256 fingerprint. */
  renewCertificate(): Promise<string>;
  stop(): Promise<void>;
};

/** Starts them as the production checklist of infra/README.md says; resolves when all accept connections. */
export async function startProxiedCluster(env: Readonly<Record<string, string>>): Promise<ProxiedCluster> {
  const inside = await startFaultCluster({
    nodes: 2,
    isDirect: true,
    appendfsync: 'everysec',
    env: { APP_URL: PUBLIC_ORIGIN, NODE_ENV: 'production', ...env },
  });
  const dir = temporaryDirectory('certificate');
  const tls = await makeCertificate(dir);
  const trusted = [tls.pem];
  const nodePorts = inside.bases.map((base) => Number(new URL(base).port));
  const fronts = await Promise.all(
    Object.entries(INFRA_PROXIES).map(async ([name, start], index): Promise<Front> => {
      const port = await freePort();
      const proxy = await start({ port, nodePorts, tls });
      // Not the address that proxies reach the nodes from.
      const otherBrowser = () => new Visitor(port, `127.0.0.${index + 2}`, trusted);
      return { name, proxy, visitor: otherBrowser(), otherBrowser };
    }),
  );
  return {
    inside,
    fronts,
    async renewCertificate() {
      const { pem } = await makeCertificate(dir);
      trusted.push(pem);
      return new X509Certificate(pem).fingerprint256;
    },
    async stop() {
      await Promise.all(fronts.map(({ proxy }) => proxy.stop()));
      await inside.stop();
      removeTemporaryDirectory(dir);
    },
  };
}
