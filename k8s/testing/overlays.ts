import { cpSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
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

/** Builds every overlay for another address than it is shipped with, and once more as it is, with every component. */
export async function buildInstallations(): Promise<Installation[]> {
  const built: Installation[] = [];
  const elsewhere = copyFor('https://docs.another.example');
  // One after the other: the machine has better to do with its second core.
  for (const overlay of OVERLAYS) {
    built.push({ name: overlay, manifests: await build(join(elsewhere, 'overlays', overlay)) });
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

/** A copy of everything, in which an operator has set APP_URL in each overlay that is for a public address. */
function copyFor(appUrl: string): string {
  const directory = temporaryDirectory('k8s');
  for (const room of ['base', 'components', 'overlays']) {
    cpSync(join(K8S, room), join(directory, room), { recursive: true });
  }
  for (const overlay of OVERLAYS) {
    const path = join(directory, 'overlays', overlay, 'kustomization.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('APP_URL=https://kryton.example.com', `APP_URL=${appUrl}`));
  }
  return directory;
}

async function build(path: string): Promise<Manifest[]> {
  return parseManifests(await kubectl('kustomize', path));
}

function directoriesOf(room: string): string[] {
  const entries = readdirSync(join(K8S, room), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
