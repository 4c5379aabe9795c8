/** One Hocuspocus server with its Redis extension, as its documentation starts one: `PORT`, `REDIS_PORT`. */
import { Redis } from '@hocuspocus/extension-redis';
import { Server } from '@hocuspocus/server';
import { HOST, portIn } from './node-ports.ts';

const server = new Server({
  address: HOST,
  port: portIn('PORT'),
  quiet: true,
  extensions: [new Redis({ host: HOST, port: portIn('REDIS_PORT') })],
});
await server.listen();
