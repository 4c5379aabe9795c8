import { defineConfig } from 'vite';

/** `npm run dev` serves the page and passes everything else on to the first node of `npm start`. */
const node = 'http://localhost:3001';

export default defineConfig({
  // A node puts a nonce in its place: the editor makes its styles as it runs.
  html: { cspNonce: '__STYLE_NONCE__' },
  build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/api': node, '/ws': { target: node, ws: true } } },
});
