export const HOST = '127.0.0.1';

/** The port in this variable of a node's environment. Throws when there is none. */
export function portIn(name: string): number {
  const port = Number(process.env[name]);
  if (!Number.isInteger(port) || port < 1) throw new Error(`${name} "${process.env[name]}" is no port`);
  return port;
}
