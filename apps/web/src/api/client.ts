import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** What every call that did not work answers with. */
export type ApiFailure = components['schemas']['Error'];

/**
 * The API of the node that this page came from; paths, bodies and answers are checked against what the server says of
 * itself. A call resolves with `data` or with `error`, and rejects only where there is no answer at all.
 */
export function apiClient(fetch: typeof globalThis.fetch = globalThis.fetch): Client<paths> {
  return createClient<paths>({ baseUrl: '/', credentials: 'same-origin', fetch });
}
