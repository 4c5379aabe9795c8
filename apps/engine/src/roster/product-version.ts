import manifest from '../../package.json' with { type: 'json' };

/** The version that this process runs: all workspaces share one. */
export const PRODUCT_VERSION: string = manifest.version;
