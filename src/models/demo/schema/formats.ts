import type { GenerateOptions } from 'json-schema-faker';

type Formats = NonNullable<GenerateOptions['formats']>;
type Random = Parameters<Formats[string]>[0];

const twoDigits = (number: number): string => String(number).padStart(2, '0');
const dateOf = (random: Random): string =>
  `${random.int(2000, 2030)}-${twoDigits(random.int(1, 12))}-${twoDigits(random.int(1, 28))}`;
const timeOf = (random: Random): string =>
  `${twoDigits(random.int(0, 23))}:${twoDigits(random.int(0, 59))}:${twoDigits(random.int(0, 59))}Z`;
const hexOf = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => random.int(0, 15).toString(16)).join('');
const hostOf = (random: Random): string => `${random.pick(['api', 'docs', 'mill', 'www'])}.example.com`;
const uriOf = (random: Random): string =>
  `https://${hostOf(random)}/${random.pick(['about', 'items', 'pages'])}/${random.int(1, 99)}`;

/** Values for the formats of JSON Schema, all in the ranges and domains that are reserved for examples. */
export const FORMATS: Formats = {
  date: dateOf,
  time: timeOf,
  'date-time': (random) => `${dateOf(random)}T${timeOf(random)}`,
  duration: (random) => `P${random.int(1, 30)}D`,
  email: (random) => `${random.pick(['ada', 'alan', 'grace', 'kurt'])}@example.com`,
  'idn-email': (random) => `${random.pick(['ada', 'alan', 'grace', 'kurt'])}@example.com`,
  hostname: hostOf,
  'idn-hostname': hostOf,
  ipv4: (random) => `192.0.2.${random.int(1, 254)}`,
  ipv6: (random) => `2001:db8::${random.int(1, 0xffff).toString(16)}`,
  uri: uriOf,
  'uri-reference': uriOf,
  iri: uriOf,
  'iri-reference': uriOf,
  'uri-template': (random) => `${uriOf(random)}/{id}`,
  uuid: (random) =>
    `${hexOf(random, 8)}-${hexOf(random, 4)}-4${hexOf(random, 3)}-${random.pick(['8', '9', 'a', 'b'])}${hexOf(random, 3)}-${hexOf(random, 12)}`,
  'json-pointer': (random) => `/items/${random.int(0, 9)}`,
  'relative-json-pointer': (random) => `${random.int(0, 3)}/items`,
  regex: () => '^[a-z]+$',
};
