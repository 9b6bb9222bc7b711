import { assertNever } from '../../../src/kernel/index.js';

/**
 * How a field is encoded (https://protobuf.dev/programming-guides/encoding/) and how it is shown: 64-bit integers as
 * decimal strings, `bytes` as base64 and `hex` (bytes too) as lower-case hex digits, just as OTLP/JSON has them.
 */
type FieldType = Scalar | ProtobufMessage;

type Scalar = 'string' | 'bytes' | 'hex' | 'bool' | 'enum' | 'uint32' | 'int64' | 'fixed32' | 'fixed64' | 'double';

/** A field of a message. */
interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated?: boolean;
}

/** A message: its fields by number. A function, because messages can hold themselves. */
export type ProtobufMessage = () => Readonly<Record<number, Field>>;

/** Thrown for bytes that are not the expected message. */
class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  string: LENGTH,
  bytes: LENGTH,
  hex: LENGTH,
  bool: VARINT,
  enum: VARINT,
  uint32: VARINT,
  int64: VARINT,
  fixed32: FIXED32,
  fixed64: FIXED64,
  double: FIXED64,
};
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a message that fills `bytes`. Stricter than a server has to be, because it judges what our own code sends.
 * @throws ProtobufError if they are cut off, hold a field that the message does not have, a wrong wire type, a single
 *   field twice, or text that is not UTF-8
 */
export function readMessage(message: ProtobufMessage, bytes: Uint8Array): Record<string, unknown> {
  return new MessageReader(bytes).read(message);
}

class MessageReader {
  readonly #view: DataView;
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(message: ProtobufMessage): Record<string, unknown> {
    const fields = message();
    const result: Record<string, unknown> = {};
    while (this.#at < this.bytes.length) {
      const tag = this.#varint();
      const number = Number(tag >> 3n);
      const field = fields[number];
      if (field === undefined) throw new ProtobufError(`Field ${number} is unknown (before byte ${this.#at})`);
      const value = this.#value(field, Number(tag & 7n));
      if (field.repeated) {
        const list = (result[field.name] ??= []) as unknown[];
        list.push(value);
      } else if (field.name in result) {
        throw new ProtobufError(`Field "${field.name}" comes twice`);
      } else {
        result[field.name] = value;
      }
    }
    return result;
  }

  #value({ name, type }: Field, wireType: number): unknown {
    const expected = typeof type === 'function' ? LENGTH : WIRE_TYPES[type];
    if (wireType !== expected) {
      throw new ProtobufError(`Field "${name}" has wire type ${wireType} instead of ${expected}`);
    }
    return typeof type === 'function' ? readMessage(type, this.#lengthDelimited()) : this.#scalar(name, type);
  }

  #scalar(name: string, type: Scalar): string | number | boolean {
    switch (type) {
      case 'string':
        return this.#text(name);
      case 'bytes':
        return Buffer.from(this.#lengthDelimited()).toString('base64');
      case 'hex':
        return Buffer.from(this.#lengthDelimited()).toString('hex');
      case 'bool':
        return this.#varint() !== 0n;
      case 'enum':
      case 'uint32':
        return Number(this.#varint());
      case 'int64':
        return BigInt.asIntN(64, this.#varint()).toString();
      case 'fixed32':
        return this.#view.getUint32(this.#take(4), true);
      case 'fixed64':
        return this.#view.getBigUint64(this.#take(8), true).toString();
      case 'double':
        return this.#view.getFloat64(this.#take(8), true);
      default:
        return assertNever(type);
    }
  }

  #text(field: string): string {
    try {
      return text.decode(this.#lengthDelimited());
    } catch (error) {
      if (error instanceof ProtobufError) throw error;
      throw new ProtobufError(`Field "${field}" is not UTF-8`);
    }
  }

  #lengthDelimited(): Uint8Array {
    const length = Number(this.#varint());
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  #varint(): bigint {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#view.getUint8(this.#take(1));
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError(`A varint has more than ${MAX_VARINT_BYTES} bytes (before byte ${this.#at})`);
  }

  /** @returns where the next `count` bytes start */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.bytes.length - start) {
      throw new ProtobufError(`${count} bytes should come at byte ${start} of ${this.bytes.length}`);
    }
    this.#at += count;
    return start;
  }
}
