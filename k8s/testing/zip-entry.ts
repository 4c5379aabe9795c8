import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

// Signatures and offsets of the format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.
const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
const LOCAL_HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * The content of the file `name` in the archive at `path`. Node reads no archives, and `unzip` is not on every machine.
 * Archives over 4 GB (Zip64) are not read.
 *
 * Throws an Error when there is no such file.
 */
export function readZipEntry(path: string, name: string): Buffer {
  const file = openSync(path, 'r');
  const read = (offset: number, length: number) => {
    const bytes = Buffer.alloc(length);
    const count = readSync(file, bytes, 0, length, offset);
    return bytes.subarray(0, count);
  };
  try {
    const entry = findEntry(read, statSync(path).size, name);
    if (entry === null) throw new Error(`${path} holds no ${name}`);
    // The local header repeats the name and has an extra field of its own length.
    const header = read(entry.offset, LOCAL_HEADER_BYTES);
    const start = entry.offset + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    const content = read(start, entry.packedBytes);
    if (entry.method === STORED) return content;
    if (entry.method === DEFLATED) return inflateRawSync(content);
    throw new Error(`${name} in ${path} is packed by method ${entry.method}, which is not known here`);
  } finally {
    closeSync(file);
  }
}

type Read = (offset: number, length: number) => Buffer;
type Entry = { readonly offset: number; readonly packedBytes: number; readonly method: number };

function findEntry(read: Read, size: number, name: string): Entry | null {
  const tailAt = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = read(tailAt, size - tailAt);
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(END_OF_DIRECTORY);
  const end = tail.lastIndexOf(signature);
  if (end === -1) return null;
  const directory = read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let at = 0; at < directory.length; ) {
    if (directory.readUInt32LE(at) !== DIRECTORY_ENTRY) return null;
    const nameBytes = directory.readUInt16LE(at + 28);
    if (directory.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      return {
        method: directory.readUInt16LE(at + 10),
        packedBytes: directory.readUInt32LE(at + 20),
        offset: directory.readUInt32LE(at + 42),
      };
    }
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return null;
}
