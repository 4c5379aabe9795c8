import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisArgument } from '../redis/redis-command.ts';
import type { RedisReply } from '../redis/resp-reader.ts';

/** Sends one command; resolves with its reply, in which strings are Buffers. */
export type CallRedis = (...args: readonly RedisArgument[]) => Promise<RedisReply>;

type Script = { readonly keys: number; readonly source: string; readonly sha: string };

/**
 * Runs Lua scripts by their hash; the number at the end of a file's name is how many of the arguments are keys. They are sent to Redis ahead of use (`load`, on every connect) because a script
 * that is only sent after NOSCRIPT overtakes what was pipelined behind it.
 */
export class RedisScripts<Name extends string> {
  readonly #call: CallRedis;
  readonly #scripts: Readonly<Record<Name, Script>>;

  /** `files` are the scripts by name: `{ append: new URL('./lua/append-3.lua', import.meta.url) }`. */
  constructor(call: CallRedis, files: Readonly<Record<Name, URL>>) {
    this.#call = call;
    this.#scripts = Object.fromEntries(
      Object.entries<URL>(files).map(([name, file]) => [name, readScript(file)]),
    ) as Record<Name, Script>;
  }

  async load(): Promise<void> {
    // At once: they are ahead of whatever is sent from now on.
    await Promise.all(
      Object.values<Script>(this.#scripts).map(({ source }) => this.#call('SCRIPT', 'LOAD', source)),
    );
  }

  /** What Redis answers the script: Lua's false as null. */
  run(name: Name, args: readonly RedisArgument[]): Promise<RedisReply> {
    const { sha, keys } = this.#scripts[name];
    const words = ['EVALSHA', sha, keys, ...args];
    return this.#call(...words).catch(async (error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      await this.load();
      return await this.#call(...words);
    });
  }
}

function readScript(file: URL): Script {
  const source = readFileSync(file, 'utf8');
  const sha = createHash('sha1').update(source).digest('hex');
  return { keys: Number(/-(\d+)\.lua$/.exec(file.pathname)?.[1]), source, sha };
}
