import { defineConfig } from 'vite';

/** `npm run dev` serves the page and passes everything else on to the first node of `npm start`. */
const node = 'http://localhost:3001';

export default defineConfig({
  build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/api': node, '/ws': { target: node, ws: true } } },
});
