import { writeCutMarker, cutText } from './cut-text.js';

const DEEPEST = 32;
const LONGEST_KEY = 200;

/**
 * Shortens a text before it is written. It must not throw.
 * @param key under which it stands, if it stands in an object
 * @param room how many bytes are left; what is beyond them will be cut off
 * @returns what is written in its place, and how many characters of the text are left out after that
 */
type ShortenText = (
  text: string,
  key: string | undefined,
  room: number,
) => { readonly text: string; readonly beyond: number };

/**
 * Writes any value as JSON; what JSON cannot hold is described in a few words. Never throws. The work is bounded by the limit, not by
 * the size of the value. What does not fit is replaced by markers, so the result is always JSON.
 * @param limit about how many bytes the result may have
 * @returns undefined for what JSON leaves out: undefined, functions and symbols
 */
export function writeBoundedJson(value: unknown, limit: number, shorten?: ShortenText): string | undefined {
  return new JsonWriter(limit, shorten).write(value, undefined);
}

class JsonWriter {
  #left: number;
  readonly #shorten: ShortenText | undefined;
  /** The objects and lists that contain the value that is being written. */
  readonly #around: object[] = [];

  constructor(limit: number, shorten: ShortenText | undefined) {
    this.#left = limit;
    this.#shorten = shorten;
  }

  write(value: unknown, key: string | undefined): string | undefined {
    switch (typeof value) {
      case 'string':
        return this.#writeString(value, key);
      case 'number':
        return this.#spend(Number.isFinite(value) ? String(value) : `"${value}"`);
      case 'boolean':
        return this.#spend(String(value));
      case 'bigint':
        return this.#spend(`"${value}"`);
      case 'object':
        return value === null ? this.#spend('null') : this.#writeObject(value, key);
      default:
        return undefined;
    }
  }

  #writeObject(value: object, key: string | undefined): string | undefined {
    if (this.#around.includes(value)) return this.#spend('"<circular>"');
    if (this.#around.length >= DEEPEST) return this.#spend('"<too deep>"');
    this.#around.push(value);
    try {
      return this.#writeKnownObject(value, key);
    } catch {
      return this.#spend('"<not readable>"');
    } finally {
      this.#around.pop();
    }
  }

  /** @throws whatever the value's own code throws */
  #writeKnownObject(value: object, key: string | undefined): string | undefined {
    if (Array.isArray(value)) return this.#writeArray(value, value.length);
    if (value instanceof Date) {
      return this.#writeString(Number.isNaN(value.getTime()) ? '<invalid date>' : value.toISOString(), key);
    }
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      return this.#writeString(`<${value.constructor.name}, ${value.byteLength} bytes>`, key);
    }
    if (value instanceof Map) return this.#writeProperties(value, value.size);
    if (value instanceof Set) return this.#writeArray(value, value.size);
    if (value instanceof Error) return this.#writeString(`${value.name}: ${value.message}`, key);
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.write(value.toJSON(key ?? ''), key);
    const keys = Object.keys(value);
    return this.#writeProperties(listPairs(value, keys), keys.length);
  }

  #writeArray(items: Iterable<unknown>, count: number): string {
    this.#left -= 2;
    let json = '';
    let index = 0;
    for (const item of items) {
      if (json !== '') json += ',';
      if (this.#left <= 0) {
        json += JSON.stringify(writeCutMarker(count - index, count, 'items'));
        break;
      }
      json += this.write(item, undefined) ?? this.#spend('null');
      this.#left--;
      index++;
    }
    return `[${json}]`;
  }

  #writeProperties(pairs: Iterable<readonly [unknown, unknown]>, count: number): string {
    this.#left -= 2;
    let json = '';
    let index = 0;
    for (const [name, value] of pairs) {
      if (this.#left <= 0) {
        json += `${json === '' ? '' : ','}"…":${JSON.stringify(writeCutMarker(count - index, count, 'properties'))}`;
        break;
      }
      index++;
      const key = typeof name === 'string' ? name : String(name);
      const written = this.write(value, key);
      if (written === undefined) {
        // Properties that JSON leaves out take no room, but reading them took time.
        this.#left--;
        continue;
      }
      this.#left -= 2;
      json += `${json === '' ? '' : ','}${this.#spend(JSON.stringify(cutText(key, LONGEST_KEY)))}:${written}`;
    }
    return `{${json}}`;
  }

  #writeString(text: string, key: string | undefined): string {
    const { text: value, beyond } = this.#shorten?.(text, key, this.#left) ?? { text, beyond: 0 };
    let room = Math.max(0, this.#left - 2);
    for (;;) {
      const json = JSON.stringify(cutText(value, room, beyond));
      const bytes = Buffer.byteLength(json);
      // Characters that have to be escaped take up to six bytes.
      if (bytes <= this.#left + MARKER_BYTES || room === 0) {
        this.#left -= bytes;
        return json;
      }
      room = Math.floor(room / 2);
    }
  }

  #spend(json: string): string {
    this.#left -= json.length;
    return json;
  }
}

/** About the size of a marker, in bytes. */
const MARKER_BYTES = 64;

function* listPairs(value: object, keys: readonly string[]): Iterable<readonly [string, unknown]> {
  for (const key of keys) {
    let held: unknown;
    try {
      held = (value as Record<string, unknown>)[key];
    } catch {
      held = '<not readable>';
    }
    yield [key, held];
  }
}
