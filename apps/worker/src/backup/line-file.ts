import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** Backups hold password hashes and whole documents. */
export const OWNER_ONLY = 0o600;

/** A file of JSON objects, one a line, that knows the SHA-256 of what was written. */
export class LineFile {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');

  /** Rejects when the file is there already. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'wx', OWNER_ONLY));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(value: object): Promise<void> {
    const line = `${JSON.stringify(value)}\n`;
    this.#hash.update(line);
    await this.#file.appendFile(line);
  }

  /** On disk when it resolves; the result is the checksum of the whole. */
  async finish(): Promise<string> {
    await this.#file.sync();
    await this.#file.close();
    return this.#hash.digest('hex');
  }
}

/** The lines of a file, one at a time. */
export async function* linesOf(path: string): AsyncIterable<string> {
  const input = createReadStream(path, 'utf8');
  // readline would end quietly on an error of its input.
  const failed = new Promise<never>((_resolve, reject) => input.once('error', reject));
  failed.catch(() => {});
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done) return;
    yield next.value;
  }
}

/** SHA-256 of a file, read in pieces. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
