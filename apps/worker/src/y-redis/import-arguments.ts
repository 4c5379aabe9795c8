import { parseArgs } from 'node:util';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';

/** What the operator asked for. */
export type ImportArguments = {
  /** `redis://…` of the y-redis deployment. */
  readonly from: string;
  /** Only names that begin so; all when empty. */
  readonly prefix: string;
  /** Only these names; all within `prefix` when null. */
  readonly docs: readonly string[] | null;
  /** Explicit ids for names of theirs. */
  readonly map: ReadonlyMap<string, DocId>;
  readonly rename: 'none' | 'base64url';
  /** The address of the user who is to own what is brought over; null for nobody. */
  readonly owner: string | null;
  readonly follow: boolean;
  readonly dryRun: boolean;
};

export const USAGE = `npm run import:y-redis -- --from redis://old:6379 [options]

  --prefix p          only documents whose y-redis name begins with p
  --doc name          only this document; may be repeated
  --map name=docId    the id a document gets here; may be repeated
  --rename base64url  names that are no document ids become b64-<base64url of the name>
  --owner email       the user who owns the documents here; without it only an admin can give them to somebody
  --follow            keep both sides in step until SIGINT or SIGTERM
  --dry-run           read and check everything, write nothing
`;

const OPTIONS = {
  from: { type: 'string' },
  prefix: { type: 'string' },
  doc: { type: 'string', multiple: true },
  map: { type: 'string', multiple: true },
  rename: { type: 'string' },
  owner: { type: 'string' },
  follow: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;

/** Reads the command line (without the program). Throws a {@link StartupError} that says what is wrong, with the usage. */
export function parseImportArguments(args: readonly string[]): ImportArguments {
  const { from, prefix = '', doc = null, map = [], rename = 'none', owner = null, ...flags } = read(args);
  if (from === undefined || !/^rediss?:\/\//.test(from) || !URL.canParse(from)) {
    throw wrong('--from is needed: the Redis of the y-redis deployment, redis://host:port');
  }
  if (rename !== 'none' && rename !== 'base64url') throw wrong(`--rename ${rename}: only base64url is known`);
  if (owner !== null && !owner.includes('@')) throw wrong(`--owner ${owner}: that is no e-mail address`);
  if (doc !== null && prefix !== '') throw wrong('--doc and --prefix exclude each other');
  const { follow = false, 'dry-run': dryRun = false } = flags;
  if (follow && dryRun) throw wrong('--dry-run writes nothing, and --follow is there to write: choose one');
  return { from, prefix, docs: doc, map: readMap(map), rename, owner, follow, dryRun };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function readMap(pairs: readonly string[]): Map<string, DocId> {
  const map = new Map<string, DocId>();
  for (const pair of pairs) {
    // The last one: an id holds no "=", a name may.
    const at = pair.lastIndexOf('=');
    const docId = parseDocId(pair.slice(at + 1));
    if (at < 1 || docId === null) {
      throw wrong(`--map ${pair}: write name=docId, the id of 1 to 64 letters, digits, "_" or "-"`);
    }
    map.set(pair.slice(0, at), docId);
  }
  return map;
}

function wrong(message: string): StartupError {
  return new StartupError(`${message}\n\n${USAGE}`);
}
