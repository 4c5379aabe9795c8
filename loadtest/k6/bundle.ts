import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ENTRY = fileURLToPath(new URL('./script/main.ts', import.meta.url));

/** Writes the script, with the real yjs and y-protocols in it, as one file that k6 takes. */
export async function bundle(outfile: string): Promise<void> {
  await build({
    entryPoints: [ENTRY],
    outfile,
    bundle: true,
    format: 'esm',
    // Else lib0 asks for Node's modules.
    platform: 'browser',
    external: ['k6', 'k6/*'],
    target: 'es2022',
    logLevel: 'warning',
  });
}
