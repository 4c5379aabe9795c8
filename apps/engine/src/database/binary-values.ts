import { types } from 'pg';

/**
 * How values come from PostgreSQL: in their binary form. In text form a `bytea` travels as hex, twice as long, and is
 * decoded on the event loop; a snapshot of 5 MB then stops it for tens of ms, in binary form for a few. It also gives
 * `bigint` as a number without a detour through strings.
 *
 * The list is closed: a type that is not on it is refused by name instead of handed on as bytes in disguise. Formats:
 * the `…send` functions in PostgreSQL's source, OIDs: `pg_type.dat`.
 */
const READERS = new Map<number, (value: Buffer) => unknown>([
  [types.builtins.BYTEA, (value) => value],
  [types.builtins.INT8, readInt8],
  [types.builtins.INT4, (value) => value.readInt32BE(0)],
  [types.builtins.INT2, (value) => value.readInt16BE(0)],
  [types.builtins.OID, (value) => value.readUInt32BE(0)],
  [types.builtins.BOOL, (value) => value[0] === 1],
  [types.builtins.FLOAT4, (value) => value.readFloatBE(0)],
  [types.builtins.FLOAT8, (value) => value.readDoubleBE(0)],
  [types.builtins.TIMESTAMPTZ, readTimestamp],
  [types.builtins.UUID, readUuid],
  [types.builtins.JSON, (value) => JSON.parse(value.toString('utf8'))],
  // One byte, the version of the format, comes first.
  [types.builtins.JSONB, (value) => JSON.parse(value.toString('utf8', 1))],
  [types.builtins.TEXT, readText],
  [types.builtins.VARCHAR, readText],
  [types.builtins.BPCHAR, readText],
  [types.builtins.CHAR, readText],
  [2278, () => null],
  // `name` and `unknown` (an untyped literal in a select list); and above, 2278, `void`: pg-types does not name them.
  [19, readText],
  [705, readText],
]);

/** Readers for `pg`, to be given with `binary: true`. */
export const binaryTypes = {
  getTypeParser(oid: number, format?: string): (value: Buffer) => unknown {
    // Commands without rows (BEGIN, SET, several statements at once) use the simple protocol, which is text.
    if (format !== 'binary') return types.getTypeParser(oid, 'text') as (value: Buffer) => unknown;
    const reader = READERS.get(oid);
    if (reader) return reader;
    throw new TypeError(
      `PostgreSQL sent a value of the type with OID ${oid}, which binary-values.ts cannot read: cast it in the query`,
    );
  },
};

function readText(value: Buffer): string {
  return value.toString('utf8');
}

function readInt8(value: Buffer): number {
  const read = Number(value.readBigInt64BE(0));
  if (Number.isSafeInteger(read)) return read;
  throw new RangeError(`PostgreSQL sent the bigint ${value.readBigInt64BE(0)}, which no JS number can hold`);
}

const MS_FROM_1970_TO_2000 = Date.UTC(2000, 0, 1);

/** Microseconds since 2000-01-01 UTC. */
function readTimestamp(value: Buffer): Date {
  return new Date(MS_FROM_1970_TO_2000 + Number(value.readBigInt64BE(0) / 1000n));
}

function readUuid(value: Buffer): string {
  const hex = value.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return parts.join('-');
}
