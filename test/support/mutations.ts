import fc from 'fast-check';

/** Any JSON value. */
export type AnyJson = null | boolean | number | string | AnyJson[] | { [key: string]: AnyJson };

/** All places in a value, each as its path of keys. */
export function listPaths(value: AnyJson, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => listPaths(inner, [...path, key]))];
}

const hostile: fc.Arbitrary<AnyJson> = fc.oneof(
  fc.jsonValue() as fc.Arbitrary<AnyJson>,
  fc.constantFrom<AnyJson>(
    '',
    '\u0000',
    '\ud83d',
    'true',
    '0',
    -1,
    0,
    1e308,
    [],
    {},
    [[]],
    [null],
    null,
    true,
    { role: 'user' },
    'x'.repeat(1000),
  ),
  fc.constantFrom<AnyJson>(
    '__proto__',
    'constructor',
    'toString',
    { ['__proto__']: { polluted: true } },
    { constructor: 1 },
  ),
);

/** Objects that throw or lie when they are used as text: their methods are not functions. */
export const UNSPEAKABLE: readonly AnyJson[] = [
  { toString: 1, valueOf: 1 },
  { toString: null, valueOf: null, toJSON: null },
  { ['__proto__']: { toString: 1 }, toString: 1, valueOf: 1 },
  JSON.parse('{"constructor":{"name":1},"hasOwnProperty":1,"length":-1,"then":1}') as AnyJson,
  { ['__proto__']: null },
  [{ toString: 1, valueOf: 1 }],
  [[{ toString: 1, valueOf: 1 }], null],
];

/** One change at one place. */
export type Mutation = {
  readonly kind: 'set' | 'remove' | 'add';
  readonly path: readonly string[];
  readonly key: string;
  readonly value: AnyJson;
};

/** Mutations at these paths. */
export function anyMutation(paths: readonly (readonly string[])[]): fc.Arbitrary<Mutation> {
  return fc.record({
    kind: fc.constantFrom('set' as const, 'set' as const, 'remove' as const, 'add' as const),
    path: fc.constantFrom(...paths),
    key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'length', 'role', 'content', 'n')),
    value: hostile,
  });
}

/** Makes a change, and returns the value. */
export function mutate(root: AnyJson, { kind, path, key, value }: Mutation): AnyJson {
  if (path.length === 0 && kind !== 'add') return kind === 'set' ? value : root;
  const holderPath = kind === 'add' ? path : path.slice(0, -1);
  let holder: AnyJson | undefined = root;
  for (const step of holderPath) {
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, step)) return root;
    holder = (holder as Record<string, AnyJson>)[step];
  }
  if (typeof holder !== 'object' || holder === null) return root;
  const name = kind === 'add' ? key : (path.at(-1) ?? '');
  if (Array.isArray(holder) && name === 'length') return root;
  if (kind === 'remove') Reflect.deleteProperty(holder, name);
  else
    Object.defineProperty(holder, name, {
      value: structuredClone(value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return root;
}
