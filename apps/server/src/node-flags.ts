/**
 * How Node is started for a cluster node; `npm run node` says the same. A young generation of 8 MB instead of 16, so that
 * a node with few connections stays small. With 2 MB, collecting garbage took a fifth of what a crowd costs that opens
 * documents, and with 8 a tenth (loadtest/PROFILE.md).
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=8'];
