/**
 * How Node is started for a cluster node; `npm run node` says the same. A young generation of 2 MB instead of 16: idle
 * connections leave little to collect, and V8 let its young generation grow to twice their own size before it did
 * (82 KB a connection against under 40, at the same CPU per update; loadtest/results).
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=2'];
