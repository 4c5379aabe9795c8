import { beforeAll, describe, expect, it } from 'vitest';
import { containersOf, workloadsOf } from './testing/manifests.ts';
import { buildInstallations, type Installation, OVERLAYS } from './testing/overlays.ts';
import { breachesOf } from './testing/policies/all.ts';
import { productProblems } from './testing/product.ts';
import { routeProblems } from './testing/routes.ts';
import { schemaProblems } from './testing/strict-schema.ts';

let installations: readonly Installation[];
beforeAll(async () => {
  installations = await buildInstallations();
}, 120_000);

/** What `find` says about each installation, with its name. */
async function problems(find: (installation: Installation) => string[] | Promise<string[]>) {
  const found = await Promise.all(
    installations.map(async (each) => (await find(each)).map((problem) => `${each.name}: ${problem}`)),
  );
  return found.flat();
}

describe('every overlay, alone and with every component', () => {
  it('is built by kubectl kustomize', () => {
    expect(installations).toHaveLength(2 * OVERLAYS.length);
    for (const { name, manifests } of installations) expect(manifests.length, name).toBeGreaterThan(14);
  });

  it('holds only objects that fit their schema, those of operators and gateways too', async () => {
    const all = ({ manifests }: Installation) => Promise.all(manifests.map(schemaProblems));
    expect(await problems(async (each) => (await all(each)).flat())).toEqual([]);
  });

  it('holds no object twice, and all of them in one namespace', async () => {
    const clusterWide = ['Namespace', 'GatewayClass'];
    const twice = ({ manifests }: Installation) => {
      const ids = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      const astray = manifests.filter(
        ({ kind, metadata }) => !clusterWide.includes(kind) && metadata.namespace !== 'kryton',
      );
      return [
        ...ids.filter((id, index) => ids.indexOf(id) !== index),
        ...astray.map(({ kind, metadata }) => `${kind} ${metadata.name} in ${metadata.namespace}`),
      ];
    };
    expect(await problems(twice)).toEqual([]);
  });

  it('keeps every policy', async () => {
    expect(await problems(({ manifests }) => breachesOf(manifests))).toEqual([]);
  });

  it('starts what the product has, with variables, ports and metrics that it knows', async () => {
    expect(await problems(({ manifests }) => productProblems(manifests))).toEqual([]);
  });

  it('lets people in at APP_URL for as long as they like, and ties nobody to a node', async () => {
    expect(await problems(({ manifests }) => routeProblems(manifests))).toEqual([]);
  });

  it('runs one image for nodes, workers and the migration', () => {
    for (const { name, manifests } of installations) {
      const own = workloadsOf(manifests)
        .filter(({ id }) => /kryton-(node|worker|migrate)$/.test(id))
        .flatMap(({ pod }) => containersOf(pod).map(({ image }) => image));
      expect(own, name).toHaveLength(5);
      expect(new Set(own).size, name).toBe(1);
    }
  });
});
