/**
 * The header by which our route tells better-auth the client's address; it reads addresses from headers only. Whatever
 * a client sends under this name is overwritten.
 */
export const ADDRESS_HEADER = 'x-kryton-address';

/** The client's address, as the node's trusted proxies tell it. */
export function addressOf(headers: Headers | undefined): string | undefined {
  return headers?.get(ADDRESS_HEADER) ?? undefined;
}
