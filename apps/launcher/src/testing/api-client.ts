import openapiTS, { astToString } from 'openapi-typescript';
import { startEmbedded } from './commands.ts';

const HEAD = '// Made by `npm run docs:api` from the schemas of the routes.\n\n';

/** Where the page's types of the API are kept. */
export const CLIENT_TYPES = new URL('../../../web/src/api/schema.ts', import.meta.url);

/** The types of the whole API in TypeScript, as the product describes itself when it runs. */
export async function apiClientTypes(): Promise<string> {
  const product = await startEmbedded();
  try {
    const answer = await fetch(`${product.front.replace(/^ws/, 'http')}/docs/json`);
    const described = await answer.json();
    // The port is a free one, and different every time.
    delete described.servers;
    return HEAD + astToString(await openapiTS(described, { alphabetize: true }));
  } finally {
    await product.stop();
  }
}
