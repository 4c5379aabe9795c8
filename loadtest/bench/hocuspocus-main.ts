/** One Hocuspocus server with its Redis extension, as its documentation starts one: `PORT`, `REDIS_PORT`. */
import { Redis } from '@hocuspocus/extension-redis';
import { Server } from '@hocuspocus/server';

const HOST = '127.0.0.1';

const server = new Server({
  address: HOST,
  port: portIn('PORT'),
  quiet: true,
  extensions: [new Redis({ host: HOST, port: portIn('REDIS_PORT') })],
});
await server.listen();

function portIn(name: string): number {
  const port = Number(process.env[name]);
  if (!Number.isInteger(port) || port < 1) throw new Error(`${name} "${process.env[name]}" is no port`);
  return port;
}
