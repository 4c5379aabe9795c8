import type { FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';

const READ_ONLY = new Set(['GET', 'HEAD']);
const CONTENT = '/api/docs/:docId/content';
/** Plugins ask for a role on the document that they serve, as a WebSocket does. */
const PLUGINS = '/api/plugins/';

/**
 * A document token is good for its document's WebSocket and for reading its content, and for nothing else of the API:
 * it is handed to a browser by somebody else's server. (Which document it is good for, the access says.) Throws an
 * `ApiError` `forbidden`.
 */
export function expectWithinReach({ principal, method, routeOptions }: FastifyRequest): void {
  if (principal.credential.kind !== 'document-token') return;
  const { url = '' } = routeOptions;
  const isWithin = url.startsWith(PLUGINS) || (READ_ONLY.has(method) && url === CONTENT);
  if (!isWithin) throw new ApiError('forbidden');
}
