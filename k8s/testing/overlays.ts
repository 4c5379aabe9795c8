import { readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { kubectl } from './kubectl.ts';
import { type Manifest, parseManifests } from './manifests.ts';

export const K8S = fileURLToPath(new URL('..', import.meta.url));

/** The names of the overlays and of the components. */
export const OVERLAYS = directoriesOf('overlays');
export const COMPONENTS = directoriesOf('components');

/** What is for trying out only. */
const TRYING_OUT = ['redis', 'postgres'];

/** One way to install: what `kubectl apply -k` would send. */
export type Installation = { readonly name: string; readonly manifests: readonly Manifest[] };

/** Builds every overlay as it is, and once more with every component. */
export async function buildInstallations(): Promise<Installation[]> {
  const built: Installation[] = [];
  // One after the other: the machine has better to do with its second core.
  for (const overlay of OVERLAYS) {
    built.push({ name: overlay, manifests: await build(join(K8S, 'overlays', overlay)) });
    built.push({ name: `${overlay} with everything`, manifests: await buildWithEverything(overlay) });
  }
  return built;
}

/** Builds a kustomization as an operator writes it: the overlay, and the components that it does not have yet. */
export async function buildWithEverything(overlay: string): Promise<Manifest[]> {
  const directory = temporaryDirectory('k8s');
  try {
    const own = overlay === 'local' ? ['network-policies', ...TRYING_OUT] : ['network-policies'];
    const components = COMPONENTS.filter((component) => !own.includes(component));
    const from = (...parts: string[]) => relative(realpathSync(directory), join(K8S, ...parts));
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: 'kryton',
      resources: [from('overlays', overlay)],
      components: components.map((component) => from('components', component)),
    };
    writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
    return await build(directory);
  } finally {
    removeTemporaryDirectory(directory);
  }
}

async function build(path: string): Promise<Manifest[]> {
  return parseManifests(await kubectl('kustomize', path));
}

function directoriesOf(room: string): string[] {
  const entries = readdirSync(join(K8S, room), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
