import type { Manifest } from '../manifests.ts';

/** A line of hardening that every installation keeps. */
export type Policy = {
  readonly name: string;
  /** What breaks it, a sentence each. */
  readonly breaches: (manifests: readonly Manifest[]) => string[];
};
