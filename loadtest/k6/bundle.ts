import { fileURLToPath } from 'node:url';
import type { K6Program } from '@kryton/engine/testing/services/k6-program.ts';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(new URL('./script/main.ts', import.meta.url));

/** Writes the script, with the real yjs and y-protocols in it, as one file that a k6 with such a module takes. */
export async function bundle(outfile: string, websockets: K6Program['websockets']): Promise<void> {
  await build({
    entryPoints: [ENTRY],
    outfile,
    bundle: true,
    format: 'esm',
    // Else lib0 asks for Node's modules.
    platform: 'browser',
    external: ['k6', 'k6/*'],
    ...(websockets === 'k6/websockets' ? {} : { alias: { 'k6/websockets': websockets } }),
    target: 'es2022',
    logLevel: 'warning',
  });
}
