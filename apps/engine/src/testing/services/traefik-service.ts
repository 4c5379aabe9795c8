import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOwnProgram } from './installed.ts';
import { type ProxyService, startProxyProgram } from './proxy-service.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type TraefikOptions = {
  /** The static configuration; `dynamicFile` is the path of the other one. */
  readonly config: (dynamicFile: string) => string;
  readonly dynamicConfig: string;
  /** The port on 127.0.0.1 that the configuration listens on; ready means that it accepts. */
  readonly port: number;
};

/** Starts Traefik with a file provider; a reload is a touch of the dynamic configuration. */
export async function startTraefik({ config, dynamicConfig, port }: TraefikOptions): Promise<ProxyService> {
  const command = findOwnProgram('traefik');
  if (command === null) throw new Error('Traefik 3 is not installed: `npm test` says how');
  const dir = temporaryDirectory('traefik');
  const [staticFile, dynamicFile] = [join(dir, 'traefik.yml'), join(dir, 'dynamic.yml')];
  writeFileSync(staticFile, config(dynamicFile));
  writeFileSync(dynamicFile, dynamicConfig);
  return await startProxyProgram({
    name: 'traefik',
    command,
    args: [`--configFile=${staticFile}`],
    dir,
    port,
    reload: () => utimesSync(dynamicFile, new Date(), new Date()),
  });
}
