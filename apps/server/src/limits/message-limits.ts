import type { Connections } from '../socket/connections.ts';
import type { RateLimits } from './rate-limits.ts';

/**
 * Once a second: counts what came in since, and sends those away whose minute is full, on all their WebSockets. What
 * reads the messages only counts them, so that the limit costs nothing by the message.
 */
export function limitMessages(connections: Connections, rates: RateLimits): void {
  const over = new Set<string>();
  connections.eachBusy(({ principal, network }, messages) => {
    if (rates.count('messages', principal, messages)) over.add(principal);
    if (rates.count('messages', network, messages)) over.add(network);
  });
  if (over.size === 0) return;
  connections.closeWhere(({ principal, network }) => over.has(principal) || over.has(network), 'tooFast');
}
