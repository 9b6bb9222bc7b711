import { isIPv4, isIPv6 } from 'node:net';
import type { GenerateOptions } from 'json-schema-faker';

type Generators = NonNullable<GenerateOptions['formats']>;
type Random = Parameters<Generators[string]>[0];

interface Format {
  /** Makes a value, in the ranges and domains that are reserved for examples. */
  readonly make: (random: Random) => string;
  readonly accepts: (text: string) => boolean;
}

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:[0-5]\d)$/i;

const date: Format = {
  make: (random) => `${random.int(2000, 2030)}-${twoDigits(random.int(1, 12))}-${twoDigits(random.int(1, 28))}`,
  accepts: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDate(text),
};
const time: Format = {
  make: (random) => `${twoDigits(random.int(0, 23))}:${twoDigits(random.int(0, 59))}:${twoDigits(random.int(0, 59))}Z`,
  accepts: (text) => TIME.test(text),
};
const email: Format = {
  make: (random) => `${random.pick(['ada', 'alan', 'grace', 'kurt'])}@example.com`,
  accepts: (text) => /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*$/.test(text),
};
const hostname: Format = {
  make: (random) => `${random.pick(['api', 'docs', 'mill', 'www'])}.example.com`,
  accepts: (text) =>
    text.length <= 253 && /^[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*$/u.test(text),
};
const uri: Format = {
  make: (random) => `https://${hostname.make(random)}/${random.pick(['about', 'items', 'pages'])}/${random.int(1, 99)}`,
  accepts: (text) => /^[a-z][a-z\d+.-]*:[^\s"<>\\^`{|}]+$/i.test(text),
};
const uriReference: Format = { make: uri.make, accepts: (text) => /^[^\s"<>\\^`{|}]*$/.test(text) };

/** The formats of JSON Schema, by their names. */
const FORMATS: Readonly<Record<string, Format>> = {
  date,
  time,
  'date-time': {
    make: (random) => `${date.make(random)}T${time.make(random)}`,
    accepts: (text) => date.accepts(text.slice(0, 10)) && /t/i.test(text.charAt(10)) && TIME.test(text.slice(11)),
  },
  duration: {
    make: (random) => `P${random.int(1, 30)}D`,
    accepts: (text) => /^P(?=.)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/.test(text),
  },
  email,
  'idn-email': email,
  hostname,
  'idn-hostname': hostname,
  ipv4: { make: (random) => `192.0.2.${random.int(1, 254)}`, accepts: isIPv4 },
  ipv6: { make: (random) => `2001:db8::${random.int(1, 0xffff).toString(16)}`, accepts: isIPv6 },
  uri,
  'uri-reference': uriReference,
  iri: uri,
  'iri-reference': uriReference,
  'uri-template': {
    make: (random) => `${uri.make(random)}/{id}`,
    accepts: (text) => /^(?:[^\s"<>\\^`{|}]|\{[^\s{}]+\})*$/.test(text),
  },
  uuid: {
    make: (random) =>
      `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(random, 3)}-${hex(random, 12)}`,
    accepts: (text) => /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(text),
  },
  'json-pointer': {
    make: (random) => `/items/${random.int(0, 9)}`,
    accepts: (text) => /^(?:\/(?:[^~/]|~[01])*)*$/.test(text),
  },
  'relative-json-pointer': {
    make: (random) => `${random.int(0, 3)}/items`,
    accepts: (text) => /^(?:0|[1-9]\d*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/.test(text),
  },
  regex: { make: () => '^[a-z]+$', accepts: isPattern },
};

/** The generators of all formats, as the faker takes them. */
export const FORMAT_GENERATORS: Generators = Object.fromEntries(
  Object.entries(FORMATS).map(([name, { make }]) => [name, make]),
);

export function isKnownFormat(name: unknown): name is string {
  return typeof name === 'string' && Object.hasOwn(FORMATS, name);
}

/** Whether a text is of a format. Everything is of one that nobody knows. */
export function hasFormat(text: string, name: string): boolean {
  return FORMATS[name]?.accepts(text) ?? true;
}

/** Also counts the days of each month, which `Date` does not when it parses. */
function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random.int(0, 15).toString(16)).join('');
}
