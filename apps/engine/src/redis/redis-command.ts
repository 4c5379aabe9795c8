export type RedisArgument = string | number | Buffer;

/** One command as an array of bulk strings, as Redis reads it; text as UTF-8. */
export function encodeCommand(args: readonly RedisArgument[]): Buffer {
  const pieces: Buffer[] = [];
  let text = `*${args.length}\r\n`;
  for (const arg of args) {
    if (typeof arg === 'object') {
      pieces.push(Buffer.from(`${text}$${arg.length}\r\n`), arg);
      text = '\r\n';
    } else {
      const value = typeof arg === 'string' ? arg : String(arg);
      text += `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
    }
  }
  const rest = Buffer.from(text);
  return pieces.length === 0 ? rest : Buffer.concat([...pieces, rest]);
}
