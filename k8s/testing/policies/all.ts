import type { Manifest } from '../manifests.ts';
import { NETWORK_POLICIES } from './network.ts';
import { POD_POLICIES } from './pods.ts';
import type { Policy } from './policy.ts';
import { RUNNING_POLICIES } from './running.ts';
import { SECRET_POLICIES } from './secrets.ts';

export const POLICIES: readonly Policy[] = [
  ...POD_POLICIES,
  ...RUNNING_POLICIES,
  ...NETWORK_POLICIES,
  ...SECRET_POLICIES,
];

/** What an installation breaks, each with the name of its policy. */
export function breachesOf(manifests: readonly Manifest[]): string[] {
  return POLICIES.flatMap(({ name, breaches }) => breaches(manifests).map((breach) => `${name}: ${breach}`));
}
