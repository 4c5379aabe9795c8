import type { FastifyInstance } from 'fastify';

export type Arrival = {
  /** The node's clock, in ms since 1970. */
  readonly time: number;
  readonly node: string;
  /** As the node sees the request, after what trusted proxies say about it. */
  readonly protocol: string;
  readonly host: string;
  readonly address: string;
  /** Whether a proxy that counts has said for whom it asks. */
  readonly forwarded: boolean;
  /** `APP_URL`. */
  readonly appUrl: string;
};

/**
 * `GET /arrival`, for everybody: how a request looks when it arrives here. It tells nobody anything but what they sent,
 * and lets `npm run doctor` see what the proxies in between make of it.
 */
export function registerArrivalRoute(
  app: FastifyInstance,
  { nodeName, appUrl }: { readonly nodeName: string; readonly appUrl: string },
): void {
  app.get('/arrival', async (request, reply): Promise<Arrival> => {
    reply.header('cache-control', 'no-store');
    return {
      time: Date.now(),
      node: nodeName,
      protocol: request.protocol,
      host: request.host,
      address: request.ip,
      // The addresses from the nearest on, as far as they count.
      forwarded: (request.ips?.length ?? 0) > 1,
      appUrl,
    };
  });
}
