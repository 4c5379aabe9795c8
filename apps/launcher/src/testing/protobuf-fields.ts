/** One field of a protobuf message: its number, and a number or bytes (https://protobuf.dev/programming-guides/encoding/). */
export type Field = { readonly number: number; readonly value: bigint | Buffer };

/** The fields of a message in their order. Throws a RangeError for what is none. */
export function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number) => {
    if (at + length > message.length)
      throw new RangeError(`a field of ${length} bytes ends after the message`);
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    fields.push({ number: tag >> 3, value: readValue(tag & 7) });
  }
  return fields;

  function readValue(wireType: number): bigint | Buffer {
    switch (wireType) {
      case 0:
        return varint();
      case 1:
        return bytes(8);
      case 2:
        return bytes(Number(varint()));
      case 5:
        return bytes(4);
      default:
        throw new RangeError(`there is no wire type ${wireType}`);
    }
  }
}

/** The bytes of every field with this number. */
export function bytesAt(message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).flatMap((field) =>
    field.number === number && Buffer.isBuffer(field.value) ? [field.value] : [],
  );
}
