import { fileURLToPath } from 'node:url';

/** Where `npm run build` puts the page. */
export const WEB_ROOT = fileURLToPath(new URL('../../../web/dist/', import.meta.url));
